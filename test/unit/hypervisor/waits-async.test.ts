/** SPEC §8: waits on the event loop, with what happens while they are parked. */

import { describe, expect, test, vi } from "vitest";
import { lifeIndex } from "../../../src/hypervisor/areas.ts";
import { guestDown, type IvcCookie, type WaitOutcome } from "../../../src/index.ts";
import {
  fill,
  forbidBlocking,
  onlyRings,
  openEnd,
  openMany,
  openPair,
  type Pair,
  RUNTIMES,
  receive,
  send,
  settle,
  sleep,
  until,
} from "../../helpers/hypervisor.ts";

const LONG = 4000;
/** What is over by then did not end at the timeout. */
const SOON = 2000;

interface Wait {
  /** Brings a pair to where the wait does not end at once. */
  readonly obstruct: (pair: Pair) => void;
  readonly start: (cookie: IvcCookie, timeout: number, signal?: AbortSignal) => Promise<WaitOutcome>;
  /** Makes it ready. */
  readonly satisfy: (pair: Pair) => void;
}

const waits: Record<string, Wait> = {
  readable: {
    obstruct: () => undefined,
    start: ({ rx }, timeout, signal) => rx.waitReadableAsync(timeout, { signal, spin: 0 }),
    satisfy: ({ b }) => void send(b.cookie, 1),
  },
  writable: {
    obstruct: ({ a }) => void fill(a.cookie),
    start: ({ tx }, timeout, signal) => tx.waitWritableAsync(timeout, { signal, spin: 0 }),
    satisfy: ({ b }) => void receive(b.cookie),
  },
  established: {
    obstruct: ({ a }) => a.cookie.reset(),
    start: (cookie, timeout, signal) => cookie.waitEstablishedAsync(timeout, { signal, spin: 0 }),
    satisfy: ({ b }) => void b.cookie.notified(),
  },
};

/** How the wait has ended so far. */
function watch(waiting: Promise<WaitOutcome>): { outcome: WaitOutcome | undefined } {
  const state: { outcome: WaitOutcome | undefined } = { outcome: undefined };
  waiting.then((outcome) => {
    state.outcome = outcome;
  });
  return state;
}

describe.each(Object.entries(RUNTIMES))("%s", (_runtime, prepare) => {
  describe.each(Object.entries(waits))("%s", (_name, { obstruct, start, satisfy }) => {
    const open = (): Pair => {
      prepare();
      const pair = openPair();
      obstruct(pair);
      return pair;
    };

    test("is parked until it is ready, and the ring ends it", async () => {
      onlyRings();
      const pair = open();
      const waiting = start(pair.a.cookie, LONG);
      const state = watch(waiting);
      await sleep(20);
      expect(state.outcome).toBe(undefined);
      const begin = performance.now();
      satisfy(pair);
      expect(await waiting).toBe("ready");
      expect(performance.now() - begin, "by the ring, not at the timeout").toBeLessThan(SOON);
    });

    test("ends as timed-out, no sooner than told", async () => {
      const { a } = open();
      const begin = performance.now();
      expect(await start(a.cookie, 30)).toBe("timed-out");
      expect(performance.now() - begin).toBeGreaterThanOrEqual(29);
    });

    test("ends as timed-out in a later turn too when timeout is 0, and only looks", async () => {
      expect(await start(open().a.cookie, 0)).toBe("timed-out");
    });

    test("ends as aborted when its signal is aborted meanwhile", async () => {
      const { a } = open();
      const controller = new AbortController();
      const waiting = start(a.cookie, LONG, controller.signal);
      await sleep(5);
      controller.abort();
      expect(await waiting).toBe("aborted");
    });

    test("is not ended by an abort after it has ended, nor is a later wait without the signal", async () => {
      const pair = open();
      const controller = new AbortController();
      const first = start(pair.a.cookie, 5, controller.signal);
      const second = start(pair.a.cookie, LONG);
      expect(await first).toBe("timed-out");
      controller.abort();
      satisfy(pair);
      expect(await second).toBe("ready");
    });

    test("ends as closed when the endpoint is unreserved under its feet", async () => {
      onlyRings();
      const { a } = open();
      const waiting = start(a.cookie, LONG);
      await sleep(5);
      const begin = performance.now();
      a.cookie.unreserve();
      expect(await waiting).toBe("closed");
      expect(performance.now() - begin).toBeLessThan(SOON);
    });

    test("ends as closed when a handler unreserves the endpoint in the very turn of the timeout", async () => {
      onlyRings();
      const { a, b } = open();
      let armed = false;
      a.guest.requestIrq(a.cookie.irq, () => armed && a.cookie.unreserve());
      a.guest.listen();
      const waiting = start(a.cookie, 40);
      await sleep(20);
      armed = true;
      const wake = vi.spyOn(Atomics, "notify").mockReturnValue(0);
      b.cookie.notify();
      wake.mockRestore();
      expect(await waiting).toBe("closed");
    });

    test("ends as closed for the old owner when the endpoint has a new one, whose waits go on", async () => {
      const pair = open();
      const old = start(pair.a.cookie, LONG);
      pair.a.cookie.unreserve();
      const next = pair.a.guest.reserve(0);
      const waiting = start(next, LONG);
      expect(await old).toBe("closed");
      satisfy(pair);
      expect(await waiting).toBe("ready");
    });

    test("is not ended by a ring that brings nothing", async () => {
      const { a, b } = open();
      const waiting = start(a.cookie, 10_000);
      const state = watch(waiting);
      b.cookie.notify();
      await sleep(20);
      expect(state.outcome).toBe(undefined);
      a.cookie.unreserve();
      expect(await waiting).toBe("closed");
    });

    test("is not ended by a peer that detaches cleanly", async () => {
      const { a, b } = open();
      const waiting = start(a.cookie, 20);
      b.guest.detach();
      expect(await waiting).toBe("timed-out");
    });
  });

  test.each(["readable", "writable"])("%s ends at once as peer-down", async (name) => {
    prepare();
    onlyRings();
    const pair = openPair();
    waits[name]!.obstruct(pair);
    const waiting = waits[name]!.start(pair.a.cookie, LONG);
    await sleep(10);
    const begin = performance.now();
    guestDown(pair.b.handle);
    expect(await waiting).toBe("peer-down");
    expect(performance.now() - begin).toBeLessThan(SOON);
  });

  test("established is not ended by peer down: it waits for the return", async () => {
    prepare();
    const { hypervisor, a, b } = openPair();
    a.cookie.reset();
    const waiting = a.cookie.waitEstablishedAsync(LONG);
    const state = watch(waiting);
    guestDown(b.handle);
    await sleep(20);
    expect(state.outcome).toBe(undefined);
    const next = openEnd(hypervisor, 1, 0);
    settle(next.guest);
    expect(await next.cookie.waitEstablishedAsync(LONG)).toBe("ready");
    expect(await waiting).toBe("ready");
  });
});

describe("several async waits at once", () => {
  test("on one half: one frame ends them all", async () => {
    const { a, b } = openPair();
    const waiting = [1, 2, 3].map(() => a.cookie.rx.waitReadableAsync(LONG));
    send(b.cookie, 1);
    expect(await Promise.all(waiting)).toEqual(["ready", "ready", "ready"]);
  });

  test("on both halves: each ends by what it waits for", async () => {
    const { a, b } = openPair();
    fill(a.cookie);
    const readable = watch(a.cookie.rx.waitReadableAsync(LONG));
    const writable = a.cookie.tx.waitWritableAsync(LONG);
    receive(b.cookie);
    expect(await writable).toBe("ready");
    expect(readable.outcome).toBe(undefined);
    send(b.cookie, 1);
    await until(() => readable.outcome === "ready");
  });

  test("on several endpoints: each ends by its own ring", async () => {
    const { ca, cb } = openMany(3);
    const states = ca.map((cookie) => watch(cookie.rx.waitReadableAsync(LONG)));
    for (const index of [2, 0, 1]) {
      send(cb[index]!, 1);
      await until(() => states[index]!.outcome === "ready");
    }
  });

  test("with different timeouts: each ends by its own", async () => {
    const { a, b } = openPair();
    const ended: string[] = [];
    const note = (name: string, waiting: Promise<WaitOutcome>): Promise<unknown> =>
      waiting.then((outcome) => ended.push(`${name} ${outcome}`));
    const all = [
      note("long", a.cookie.rx.waitReadableAsync(LONG)),
      note("middle", a.cookie.rx.waitReadableAsync(500)),
      note("short", a.cookie.rx.waitReadableAsync(10)),
    ];
    await all[1];
    send(b.cookie, 1);
    await Promise.all(all);
    expect(ended).toEqual(["short timed-out", "middle timed-out", "long ready"]);
  });

  test("of one guest and its peer, both in this thread", async () => {
    const { a, b } = openPair();
    const waiting = [a.cookie.rx.waitReadableAsync(LONG), b.cookie.rx.waitReadableAsync(LONG)];
    send(a.cookie, 1);
    send(b.cookie, 2);
    expect(await Promise.all(waiting)).toEqual(["ready", "ready"]);
  });
});

test("a wait finds within a slice what nobody rang for: a death that was said by halves", async () => {
  const { a, b } = openPair();
  const waiting = a.cookie.rx.waitReadableAsync(LONG);
  await sleep(5);
  const { area, side } = b.handle.pairs[0]!;
  const begin = performance.now();
  new Int32Array(area)[lifeIndex(side)]! |= 1;
  expect(await waiting).toBe("peer-down");
  expect(performance.now() - begin).toBeLessThan(SOON);
});

test("two ends play ping-pong by async waits alone, handshake included", async () => {
  const { a, b } = openPair({ nframes: 1 });
  a.cookie.reset();
  const play = async (cookie: IvcCookie, serve: boolean): Promise<number[]> => {
    const seen: number[] = [];
    expect(await cookie.waitEstablishedAsync(LONG)).toBe("ready");
    if (serve) {
      expect(await cookie.tx.waitWritableAsync(LONG)).toBe("ready");
      send(cookie, 0);
    }
    while (seen.length < 20) {
      expect(await cookie.rx.waitReadableAsync(LONG)).toBe("ready");
      seen.push(receive(cookie)!);
      send(cookie, seen.at(-1)! + 1);
    }
    return seen;
  };
  const serving = play(a.cookie, true);
  const answering = play(b.cookie, false);
  expect((await serving).length).toBe(20);
  expect(await answering).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i));
});

describe("a wait that is parked is not delayed by another wait of the guest, which ends at once", () => {
  test.each<[string, (cookie: IvcCookie) => unknown, WaitOutcome]>([
    ["a blocking one that is ready", ({ tx }) => tx.waitWritable(5), "ready"],
    ["a blocking one that only looks", ({ rx }) => rx.waitReadable(0), "timed-out"],
    ["an async one that only looks", ({ rx }) => rx.waitReadableAsync(0), "timed-out"],
  ])("%s", async (_name, other, outcome) => {
    onlyRings();
    const { a, b } = openPair();
    const waiting = a.cookie.rx.waitReadableAsync(LONG);
    await sleep(5);
    expect(await other(a.cookie)).toBe(outcome);
    await sleep(5);
    const begin = performance.now();
    guestDown(b.handle);
    expect(await waiting).toBe("peer-down");
    expect(performance.now() - begin, "at once, not at the timeout").toBeLessThan(SOON);
  });
});

test("a wait that is parked is not delayed by another wait of the guest, which takes the ring of a masked line", async () => {
  onlyRings();
  const { a, ca, cb } = openMany(2);
  a.disableIrq(ca[1]!.irq);
  const waiting = ca[0]!.rx.waitReadableAsync(LONG);
  await sleep(5);
  cb[1]!.notify();
  expect(ca[0]!.rx.waitReadable(0)).toBe("timed-out");
  await sleep(5);
  const begin = performance.now();
  send(cb[0]!, 1);
  expect(await waiting).toBe("ready");
  expect(performance.now() - begin).toBeLessThan(SOON);
});

test("an async wait works where blocking is not allowed", async () => {
  forbidBlocking();
  const { a, b } = openPair();
  const waiting = a.cookie.rx.waitReadableAsync(LONG);
  send(b.cookie, 1);
  expect(await waiting).toBe("ready");
});

test("a lost hint delays a wait by a slice at most: everything is looked at again after 250 ms", async () => {
  const { a, b } = openPair();
  const waiting = a.cookie.rx.waitReadableAsync(LONG);
  await sleep(5);
  const notify = vi.spyOn(Atomics, "notify").mockReturnValue(0);
  send(b.cookie, 1);
  notify.mockRestore();
  new Int32Array(a.handle.wake).fill(0);
  const begin = performance.now();
  expect(await waiting).toBe("ready");
  expect(performance.now() - begin).toBeLessThan(SOON);
});
