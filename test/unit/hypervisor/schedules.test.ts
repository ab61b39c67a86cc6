/**
 * SPEC §5, §8, §9: schedules that went wrong once. They are forced: what another thread does, be it that it dies, happens
 * just before a named operation on shared memory.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { ATTACHED, groupIndex, lifeIndex, reservationIndex, WAKE } from "../../../src/hypervisor/areas.ts";
import { attach, type Guest, type GuestHandle, guestDown, Hypervisor, type IvcCookie } from "../../../src/index.ts";
import type * as Memory from "../../../src/memory.ts";
import { trace } from "../../golden/trace.ts";
import { refusal } from "../../helpers/ring.ts";

vi.mock("../../../src/memory.ts", async (original) => {
  const { recorded } = await import("../../golden/trace.ts");
  return recorded(await original<typeof Memory>());
});

/** Longest sleep, in ms, before a guest looks at everything again (SPEC §8). */
const SLICE = 250;
/** Longest, in ms, that what happens at once may take on a busy machine. */
const AT_ONCE = 3000;
const FRAME = new Uint8Array(64);

const guests: Guest[] = [];

afterEach(() => {
  vi.restoreAllMocks();
  trace.undisturbed();
  for (const guest of guests.splice(0)) if (guest.attached) guest.detach();
});

/** Attaches as a guest until the test ends. */
function join(handle: GuestHandle): Guest {
  const guest = attach(handle);
  guests.push(guest);
  return guest;
}

/** Names the words by which schedules are told. */
function nameWords({ own, used, wake, pairs }: GuestHandle, name: string): void {
  trace.nameWord(own, 4 * ATTACHED, `${name} attached`);
  trace.nameWord(own, 4 * reservationIndex(0), `${name} reservation`);
  trace.nameWord(used, 0, `${name} used`);
  trace.nameWord(wake, 4 * WAKE, `${name} wake`);
  trace.nameWord(wake, 4 * groupIndex(0), `${name} hint`);
  for (const { area, side } of pairs) trace.nameWord(area, 4 * lifeIndex(side), `${name} life`);
}

/** Guests 0 and 1, which share one channel. */
function hypervise(): Hypervisor {
  return new Hypervisor({ queues: [{ id: 0, peers: [0, 1], nframes: 4, frameSize: 64 }] });
}

/** Both ends of the channel, a of guest 0 and b of guest 1, with no line pending; and the handle of each. */
function open(hypervisor = hypervise()): { a: IvcCookie; b: IvcCookie; ha: GuestHandle; hb: GuestHandle } {
  const [ha, hb] = [hypervisor.guest(0), hypervisor.guest(1)];
  nameWords(ha, "a");
  nameWords(hb, "b");
  const [a, b] = [join(ha).reserve(0), join(hb).reserve(0)];
  a.guest.poll();
  b.guest.poll();
  return { a, b, ha, hb };
}

/** Lets no slice end on the event loop: nothing is found there without a ring. */
function stopSlices(): void {
  const never = setTimeout(vi.fn());
  clearTimeout(never);
  vi.spyOn(globalThis, "setInterval").mockReturnValue(never);
}

/** What a call answers if another thread does something just before its first operation that begins so. */
function during<Answer>(call: () => Answer, operation: string, action: () => void): Answer {
  let answer: Answer | undefined;
  let happened = false;
  trace.meanwhile(operation, () => {
    trace.undisturbed();
    happened = true;
    action();
  });
  trace.of(() => {
    answer = call();
  });
  expect(happened, operation).toBe(true);
  return answer as Answer;
}

/** Ends the thread that makes a call just before its first operation that begins so. */
function killed(call: () => unknown, operation: string): void {
  const kill = (): void => {
    throw new Error("killed");
  };
  expect(() => during(call, operation, kill)).toThrow("killed");
}

describe("death", () => {
  test("a frame published just before a death is read before peer-down", () => {
    const { a, b, hb } = open();
    const look = (): unknown => a.rx.waitReadable(0);
    const outcome = during(look, "load b life", () => {
      b.tx.write(FRAME);
      guestDown(hb);
    });
    expect(outcome).toBe("ready");
    expect(a.rx.read(FRAME)).toBe(true);
    expect(look()).toBe("peer-down");
  });

  test("a wait ends at once with peer-down, also if the peer died in the middle of a ring", async () => {
    const { a, b, hb } = open();
    stopSlices();
    const done = vi.fn();
    void a.rx.waitReadableAsync(60_000, { spin: 0 }).then(done);
    killed(() => b.notify(), "or a hint");
    guestDown(hb);
    await vi.waitFor(() => expect(done).toHaveBeenCalledExactlyOnceWith("peer-down"), AT_ONCE);
  });

  test.each([
    ["before it has taken the guest", "compareExchange a attached", false],
    ["before it has used its ticket", "compareExchange a used", true],
    ["before it has told its peers", "store a life", true],
  ])("of a thread that attaches, %s: guestDown answers what the peer sees", (_, operation, down) => {
    const hypervisor = hypervise();
    const handle = hypervisor.guest(0);
    nameWords(handle, "a");
    const b = join(hypervisor.guest(1)).reserve(0);
    killed(() => attach(handle), operation);
    expect(guestDown(handle)).toBe(down);
    expect(b.peerDown).toBe(down);
    expect(b.rx.waitReadable(0)).toBe(down ? "peer-down" : "timed-out");
  });

  test("is known to the peer only once a successor can attach", () => {
    const hypervisor = hypervise();
    const { a, hb } = open(hypervisor);
    const successor = (): void => {
      if (a.peerDown) join(hypervisor.guest(1));
    };
    expect(during(() => guestDown(hb), "or a hint", successor)).toBe(true);
    expect(a.peerDown).toBe(false);
  });

  test("frees what the dead held before a successor can attach", () => {
    const hypervisor = hypervise();
    const { hb } = open(hypervisor);
    const early = (): void => expect(refusal(() => attach(hypervisor.guest(1))).code).toBe("EBUSY");
    expect(during(() => guestDown(hb), "compareExchange b reservation", early)).toBe(true);
    expect(join(hypervisor.guest(1)).reserve(0).state).toBe("sync");
  });

  test("said by two at once, one of them late: the thread that has attached meanwhile is not down", () => {
    const hypervisor = hypervise();
    const { b, ha } = open(hypervisor);
    const successor = (): void => {
      guestDown(ha);
      join(hypervisor.guest(0));
    };
    during(() => guestDown(ha), "load a life", successor);
    expect(b.peerDown).toBe(false);
  });

  test("the reset after it takes four rings, as any other", () => {
    const hypervisor = hypervise();
    const { a, hb } = open(hypervisor);
    guestDown(hb);
    a.guest.poll();
    const before = a.rings;
    const heir = join(hypervisor.guest(1)).reserve(0);
    for (let i = 0; i < 6; i++) for (const end of [a, heir]) end.guest.poll();
    expect([a.state, heir.state]).toEqual(["established", "established"]);
    expect(a.rings - before + heir.rings).toBe(4);
  });
});

describe("attachments", () => {
  test("one that fails leaves that of another thread alone", () => {
    const hypervisor = hypervise();
    const [first, second, third] = [hypervisor.guest(0), hypervisor.guest(0), hypervisor.guest(0)];
    nameWords(first, "a");
    const others = (): void => {
      attach(first).detach();
      trace.meanwhile("compareExchange a used", () => {
        trace.undisturbed();
        guestDown(first);
        join(second);
      });
    };
    expect(refusal(() => during(() => attach(first), "compareExchange a attached", others)).code).toBe("EINVAL");
    expect(guests).toHaveLength(1);
    expect(refusal(() => attach(third)).code).toBe("EBUSY");
    expect(guestDown(second)).toBe(true);
  });

  test("a wait on an endpoint of one that has ended takes no ring of the next", () => {
    const hypervisor = hypervise();
    const { a, b } = open(hypervisor);
    a.guest.detach();
    const next = join(hypervisor.guest(0));
    next.reserve(0);
    next.poll();
    b.tx.write(FRAME);
    expect(a.rx.waitReadable(0)).toBe("closed");
    expect(next.poll()).toBe(1);
  });
});

describe("the wake word is but a hint: a ring that another peer has wiped from it is found within a slice by", () => {
  const LONG = 8 * SLICE;

  /** Has sleepers woken for nothing every 20 ms during a call: any peer can. */
  function disturbed(wake: SharedArrayBuffer, call: () => unknown): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    trace.meanwhile("wait a wake", () => {
      Atomics.wait(pause, 0, 0, 20);
      Atomics.or(new Int32Array(wake), WAKE, 1);
    });
    trace.of(call);
  }

  function lookAgainAndAgain(a: IvcCookie): void {
    const deadline = performance.now() + LONG;
    let outcome: string;
    do outcome = a.waitEstablished(0);
    while (outcome !== "ready" && performance.now() < deadline);
  }

  const ways: readonly [string, (a: IvcCookie, wake: SharedArrayBuffer) => unknown][] = [
    ["a wait that only spins", (a) => a.waitEstablished(LONG, { spin: Number.POSITIVE_INFINITY })],
    ["waits that only look", lookAgainAndAgain],
    ["a wait that sleeps", (a, wake) => disturbed(wake, () => a.waitEstablished(LONG, { spin: 0 }))],
    ["Guest.wait", (a, wake) => disturbed(wake, () => a.guest.wait(LONG))],
  ];

  test.each(ways)("%s", (_, way) => {
    const { a, b, ha } = open();
    a.reset();
    b.guest.poll();
    new Int32Array(ha.wake).fill(0);
    const start = performance.now();
    way(a, ha.wake);
    expect(a.state).toBe("established");
    expect(performance.now() - start, "ms until it was found").toBeLessThan(LONG / 2);
  });
});
