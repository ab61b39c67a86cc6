/** SPEC §8, "Attaching and reserving": who may attach and reserve, and what ends it. */
import { describe, expect, test, vi } from "vitest";
import { attach, type Guest, guestDown, Hypervisor, type IvcCookie } from "../../../src/index.ts";
import { attachFor, codeOf, onlyRings, openPair, receive, send, settle } from "../../helpers/hypervisor.ts";

function make(): Hypervisor {
  return new Hypervisor({
    queues: [
      { id: 0, peers: [0, 1], nframes: 4, frameSize: 64 },
      { id: 1, peers: [1, 2], nframes: 4, frameSize: 64 },
    ],
    mempools: [{ id: 5, peers: [0, 1], size: 256 }],
  });
}

describe("attach", () => {
  test("of a guest that is attached is EBUSY", () => {
    const hypervisor = make();
    attachFor(hypervisor.guest(0));
    expect(codeOf(() => attach(hypervisor.guest(0)))).toBe("EBUSY");
  });

  test("of another guest in the same thread is no matter", () => {
    const hypervisor = make();
    expect([0, 1, 2].map((vmid) => attachFor(hypervisor.guest(vmid)).vmid)).toEqual([0, 1, 2]);
  });

  test("as the same vmid of another hypervisor is no matter", () => {
    attachFor(make().guest(0));
    expect(attachFor(make().guest(0)).attached).toBe(true);
  });

  test("that was refused with EBUSY leaves its handle good", () => {
    const hypervisor = make();
    const first = attachFor(hypervisor.guest(0));
    const handle = hypervisor.guest(0);
    codeOf(() => attach(handle));
    first.detach();
    expect(attachFor(handle).attached).toBe(true);
  });

  test("that is overtaken by another thread is EBUSY, and takes nothing from that", () => {
    const hypervisor = make();
    const [winner, loser] = [hypervisor.guest(0), hypervisor.guest(0)];
    const exchange = vi.spyOn(Atomics, "compareExchange").mockImplementationOnce(((
      ...args: [Int32Array, number, 0, 1]
    ) => {
      exchange.mockRestore();
      attachFor(winner);
      return Atomics.compareExchange(...args);
    }) as never);
    expect(codeOf(() => attach(loser))).toBe("EBUSY");
    expect(guestDown(loser), "it is not the one attached").toBe(false);
    expect(guestDown(winner), "but this is").toBe(true);
    expect(attachFor(loser).attached, "its handle is still good").toBe(true);
  });

  test.each([
    ["itself", (handle: object) => handle],
    ["a clone of it", structuredClone],
  ])("with a handle that was good for an earlier attachment is refused: %s", (_name, pass) => {
    const hypervisor = make();
    const handle = hypervisor.guest(0);
    attachFor(handle).detach();
    expect(codeOf(() => attach(pass(handle) as never))).toBe("EINVAL");
  });

  test("later takes a new handle, also one that was made before", () => {
    const hypervisor = make();
    const early = hypervisor.guest(0);
    attachFor(hypervisor.guest(0)).detach();
    expect(attachFor(early).attached).toBe(true);
  });

  test("each guest() call yields a handle with a ticket of its own", () => {
    const hypervisor = make();
    const tickets = [1, 2, 3, 4].map(() => hypervisor.guest(0).ticket);
    expect(new Set(tickets).size).toBe(4);
  });
});

describe("reserve", () => {
  test("of an endpoint that is reserved is EBUSY", () => {
    const guest = attachFor(make().guest(0));
    guest.reserve(0);
    expect(codeOf(() => guest.reserve(0))).toBe("EBUSY");
  });

  test.each([1, 99, -1, 0.5, Number.NaN, "0", null, undefined])(
    "of what is no endpoint of the guest is ENODEV: %s",
    (id) => {
      const guest = attachFor(make().guest(0));
      expect(codeOf(() => guest.reserve(id as never))).toBe("ENODEV");
    },
  );

  test("tells irq, peer, geometry and halves", () => {
    const cookie = attachFor(make().guest(1)).reserve(1);
    expect(cookie).toMatchObject({ id: 1, peerVmid: 2, nframes: 4, frameSize: 64, state: "established", session: 0 });
    expect(cookie.irq).toEqual(expect.any(Number));
    expect([cookie.tx.nframes, cookie.rx.frameSize]).toEqual([4, 64]);
  });

  test("never blocks: a peer that was never there is no matter, and frames written before it arrives are kept", () => {
    const hypervisor = make();
    const early = attachFor(hypervisor.guest(0)).reserve(0);
    expect([send(early, 1), send(early, 2)]).toEqual([true, true]);
    const late = attachFor(hypervisor.guest(1)).reserve(0);
    expect([receive(late), receive(late)]).toEqual([1, 2]);
  });
});

type Verb = [name: string, call: (cookie: IvcCookie) => unknown];
const verbs: Verb[] = [
  ["tx.write", ({ tx }) => tx.write(new Uint8Array(1))],
  ["tx.poke", ({ tx }) => tx.poke(new Uint8Array(1))],
  ["tx.getNextFrame", ({ tx }) => tx.getNextFrame()],
  ["tx.advance", ({ tx }) => tx.advance()],
  ["tx.canWrite", ({ tx }) => tx.canWrite()],
  ["tx.isEmpty", ({ tx }) => tx.isEmpty()],
  ["tx.framesAvailable", ({ tx }) => tx.framesAvailable()],
  ["rx.read", ({ rx }) => rx.read(new Uint8Array(1))],
  ["rx.peek", ({ rx }) => rx.peek(new Uint8Array(1))],
  ["rx.getNextFrame", ({ rx }) => rx.getNextFrame()],
  ["rx.advance", ({ rx }) => rx.advance()],
  ["rx.canRead", ({ rx }) => rx.canRead()],
  ["rx.framesAvailable", ({ rx }) => rx.framesAvailable()],
  ["reset", (cookie) => cookie.reset()],
  ["notified", (cookie) => cookie.notified()],
  ["notify", (cookie) => cookie.notify()],
  ["setLoopback", (cookie) => cookie.setLoopback(true)],
  ["performLoopback", (cookie) => cookie.performLoopback()],
  ["unreserve", (cookie) => cookie.unreserve()],
];

describe("after unreserve a verb is EPERM, and touches nothing of the next owner's", () => {
  test.each(verbs)("%s", (_name, call) => {
    const { a, b } = openPair();
    send(b.cookie, 1);
    a.cookie.unreserve();
    const next = a.guest.reserve(0);
    settle(a.guest, b.guest);
    expect(codeOf(() => call(a.cookie))).toBe("EPERM");
    expect(b.guest.poll()).toBe(0);
    expect([next.reserved, next.state, receive(next)]).toEqual([true, "established", 1]);
  });
});

describe("detach", () => {
  test("unreserves every endpoint and pool", () => {
    const guest = attachFor(make().guest(0));
    const cookie = guest.reserve(0);
    const pool = guest.reserveMempool(5);
    guest.detach();
    expect([guest.attached, cookie.reserved, pool.reserved]).toEqual([false, false, false]);
    expect(codeOf(() => cookie.tx.canWrite())).toBe("EPERM");
  });

  test("frees guest, endpoint and pool for the next thread", () => {
    const hypervisor = make();
    const first = attachFor(hypervisor.guest(0));
    first.reserve(0);
    first.reserveMempool(5);
    first.detach();
    const next = attachFor(hypervisor.guest(0));
    expect([next.reserve(0).state, next.reserveMempool(5).reserved]).toEqual(["established", true]);
  });

  test("ends its own pending waits as closed, at once", async () => {
    onlyRings();
    const { a } = openPair();
    const waits = [a.cookie.rx.waitReadableAsync(4000), a.cookie.rx.waitReadableAsync(4000)];
    const begin = performance.now();
    a.guest.detach();
    expect(await Promise.all(waits)).toEqual(["closed", "closed"]);
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  test("ends none of the peer's pending waits", async () => {
    const { a, b } = openPair();
    const wait = b.cookie.rx.waitReadableAsync(30);
    a.guest.detach();
    expect(await wait).toBe("timed-out");
  });

  test("frees the lines: no handler of it is called any more", () => {
    const { hypervisor, a, b } = openPair();
    const handler = vi.fn();
    a.guest.requestIrq(a.cookie.irq, handler);
    a.guest.disableIrq(a.cookie.irq);
    a.guest.detach();
    const next = attachFor(hypervisor.guest(0));
    b.cookie.notify();
    next.poll();
    expect(handler).not.toHaveBeenCalled();
    const fresh = vi.fn();
    next.requestIrq(a.cookie.irq, fresh);
    next.poll();
    expect(fresh, "the next owner finds the line unmasked").toHaveBeenCalledTimes(1);
  });

  test("a line that an earlier attachment masked gets data rings in the next one", () => {
    const { hypervisor, a, b } = openPair();
    a.guest.disableIrq(a.cookie.irq);
    a.guest.detach();
    const next = attachFor(hypervisor.guest(0));
    next.reserve(0);
    settle(next);
    send(b.cookie, 1);
    expect(next.poll()).toBe(1);
  });

  test.each<[string, (guest: Guest) => unknown]>([
    ["reserve", (guest) => guest.reserve(0)],
    ["reserveMempool", (guest) => guest.reserveMempool(5)],
    ["requestIrq", (guest) => guest.requestIrq(1, () => undefined)],
    ["freeIrq", (guest) => guest.freeIrq(1)],
    ["disableIrq", (guest) => guest.disableIrq(1)],
    ["enableIrq", (guest) => guest.enableIrq(1)],
    ["poll", (guest) => guest.poll()],
    ["wait", (guest) => guest.wait(1)],
    ["listen", (guest) => guest.listen()],
    ["detach", (guest) => guest.detach()],
  ])("then %s is ENODEV", (_name, call) => {
    const guest = attachFor(make().guest(0));
    guest.detach();
    expect(codeOf(() => call(guest))).toBe("ENODEV");
  });
});

describe("unreserve", () => {
  test("ends its own pending waits as closed, at once", async () => {
    onlyRings();
    const { a, b } = openPair();
    a.cookie.reset();
    const waits = [
      a.cookie.rx.waitReadableAsync(4000),
      a.cookie.tx.waitWritableAsync(4000),
      a.cookie.waitEstablishedAsync(4000),
    ];
    const begin = performance.now();
    a.cookie.unreserve();
    expect(await Promise.all(waits)).toEqual(["closed", "closed", "closed"]);
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(b.cookie.reserved).toBe(true);
  });

  test("ends no wait on another endpoint of the guest, and none of the peer's", async () => {
    const hypervisor = make();
    const middle = attachFor(hypervisor.guest(1));
    const mine = [middle.reserve(0), middle.reserve(1)];
    const peer = attachFor(hypervisor.guest(0)).reserve(0);
    const waits = [mine[1]!.rx.waitReadableAsync(30), peer.rx.waitReadableAsync(30)];
    mine[0]!.unreserve();
    expect(await Promise.all(waits)).toEqual(["timed-out", "timed-out"]);
  });
});

describe("a memory pool", () => {
  test("is bulk memory shared with the peer, reserved by one owner per peer", () => {
    const hypervisor = make();
    const first = attachFor(hypervisor.guest(0));
    const mine = first.reserveMempool(5);
    const theirs = attachFor(hypervisor.guest(1)).reserveMempool(5);
    expect([mine.size, mine.memory.byteLength, mine.peerVmid, theirs.peerVmid]).toEqual([256, 256, 1, 0]);
    mine.memory[255] = 9;
    expect(theirs.memory[255]).toBe(9);
    expect(codeOf(() => first.reserveMempool(5))).toBe("EBUSY");
  });

  test("is given back alone, whatever others the guest has", () => {
    const mempools = [5, 6].map((id) => ({ id, peers: [0, 1] as const, size: 64 }));
    const guest = attachFor(new Hypervisor({ queues: [], mempools }).guest(0));
    const pools = mempools.map(({ id }) => guest.reserveMempool(id));
    pools[1]!.unreserve();
    expect(codeOf(() => guest.reserveMempool(5))).toBe("EBUSY");
    expect(guest.reserveMempool(6).reserved).toBe(true);
  });

  test("lies behind the one before it in the pretended physical memory, on a page of its own, for both peers", () => {
    const mempools = [1, 4096, 4097, 64].map((size, id) => ({ id, peers: [0, 1] as const, size }));
    const hypervisor = new Hypervisor({ queues: [], mempools });
    for (const vmid of [0, 1]) {
      const guest = attachFor(hypervisor.guest(vmid));
      const ipas = mempools.map(({ id }) => guest.reserveMempool(id).ipa);
      expect(ipas.map((ipa) => ipa - ipas[0]!)).toEqual([0, 0x1000, 0x2000, 0x4000]);
      expect(ipas[0]! % 0x1000).toBe(0);
    }
  });

  test("of which the guest is no peer is ENODEV", () => {
    const guest = attachFor(make().guest(2));
    expect(codeOf(() => guest.reserveMempool(5))).toBe("ENODEV");
  });
});

test("guestDown refuses no handle", () => {
  for (const handle of [null, undefined, 1, {}]) expect(codeOf(() => guestDown(handle as never))).toBe("EINVAL");
});
