/** SPEC §8, "Death and return". A dead thread is a guest of this thread that nobody uses any more. */
import { describe, expect, test } from "vitest";
import { guestDown, Hypervisor } from "../../../src/index.ts";
import {
  attachFor,
  codeOf,
  type End,
  fill,
  onlyRings,
  openEnd,
  openPair,
  receive,
  receiveAll,
  send,
  settle,
} from "../../helpers/hypervisor.ts";

/** Queues 0 and 1 and pool 5 between guests 0 and 1; 0 survives, 1 holds queue 0 and the pool, and will die. */
function make(): { hypervisor: Hypervisor; survivor: End; dead: End } {
  const hypervisor = new Hypervisor({
    queues: [
      { id: 0, peers: [0, 1], nframes: 4, frameSize: 64 },
      { id: 1, peers: [0, 1], nframes: 4, frameSize: 64 },
    ],
    mempools: [{ id: 5, peers: [0, 1], size: 64 }],
  });
  const survivor = openEnd(hypervisor, 0, 0);
  const dead = openEnd(hypervisor, 1, 0);
  dead.guest.reserveMempool(5);
  settle(survivor.guest, dead.guest);
  return { hypervisor, survivor, dead };
}

/** The next thread that attaches as guest 1. */
function comeBack(hypervisor: Hypervisor): End {
  return openEnd(hypervisor, 1, 0);
}

describe("the word that a thread has ended", () => {
  test("puts its guest down: the peers see it", () => {
    const { survivor, dead } = make();
    expect(survivor.cookie.peerDown).toBe(false);
    expect(guestDown(dead.handle)).toBe(true);
    expect(survivor.cookie.peerDown).toBe(true);
  });

  test("may be said with a clone of the handle", () => {
    const { survivor, dead } = make();
    guestDown(structuredClone(dead.handle));
    expect(survivor.cookie.peerDown).toBe(true);
  });

  test("without it the guest stays attached, and a successor is EBUSY", () => {
    const { hypervisor, survivor } = make();
    expect(codeOf(() => attachFor(hypervisor.guest(1)))).toBe("EBUSY");
    expect(survivor.cookie.peerDown).toBe(false);
  });

  test("said a second time has no effect", () => {
    const { survivor, dead } = make();
    guestDown(dead.handle);
    settle(survivor.guest);
    expect(guestDown(dead.handle)).toBe(false);
    expect(survivor.guest.poll()).toBe(0);
    expect(survivor.cookie.peerDown).toBe(true);
  });

  test("with a ticket that is not the attached one has no effect", () => {
    const { hypervisor, survivor } = make();
    expect(guestDown(hypervisor.guest(1))).toBe(false);
    expect(survivor.cookie.peerDown).toBe(false);
  });

  test("said before the thread attached has no effect, and leaves the handle good", () => {
    const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [0, 1], nframes: 4, frameSize: 64 }] });
    const survivor = openEnd(hypervisor, 0, 0);
    const handle = hypervisor.guest(1);
    expect(guestDown(handle)).toBe(false);
    expect(survivor.cookie.peerDown).toBe(false);
    expect(attachFor(handle).attached).toBe(true);
  });

  test("after a clean detach has no effect: that is not down", () => {
    const { survivor, dead } = make();
    dead.guest.detach();
    expect(guestDown(dead.handle)).toBe(false);
    expect(survivor.cookie.peerDown).toBe(false);
  });

  test("late, after a successor attached, has no effect on it", () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    next.guest.reserveMempool(5);
    settle(survivor.guest, next.guest);
    expect(guestDown(dead.handle)).toBe(false);
    expect([survivor.cookie.peerDown, next.cookie.reserved]).toEqual([false, true]);
    expect(survivor.guest.poll()).toBe(0);
    expect(codeOf(() => attachFor(hypervisor.guest(1)))).toBe("EBUSY");
    expect(codeOf(() => next.guest.reserve(0))).toBe("EBUSY");
    expect(codeOf(() => next.guest.reserveMempool(5))).toBe("EBUSY");
  });

  test("late, after a clean detach and a successor, leaves the successor's endpoint in no need of a reset", () => {
    const { hypervisor, dead } = make();
    dead.guest.detach();
    const next = comeBack(hypervisor);
    guestDown(dead.handle);
    next.cookie.unreserve();
    expect(next.guest.reserve(0).state).toBe("established");
  });

  test("a peer that never attached is not down", () => {
    const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [0, 1], nframes: 4, frameSize: 64 }] });
    expect(openEnd(hypervisor, 0, 0).cookie.peerDown).toBe(false);
  });
});

describe("down", () => {
  test("is a ring", () => {
    const { survivor, dead } = make();
    guestDown(dead.handle);
    expect(survivor.guest.poll()).toBe(1);
  });

  test("rings the line of every endpoint of the dead guest, reserved by it or not", () => {
    const { survivor, dead } = make();
    survivor.guest.reserve(1);
    settle(survivor.guest);
    guestDown(dead.handle);
    expect(survivor.guest.poll()).toBe(2);
  });

  test("ends the peers' waits at once with peer-down", async () => {
    onlyRings();
    const { survivor, dead } = make();
    fill(survivor.cookie);
    const waits = [survivor.cookie.rx.waitReadableAsync(5000), survivor.cookie.tx.waitWritableAsync(5000)];
    const start = performance.now();
    guestDown(dead.handle);
    expect(await Promise.all(waits)).toEqual(["peer-down", "peer-down"]);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test("leaves the frames already published readable, and only then ends a wait for one", () => {
    const { survivor, dead } = make();
    for (const value of [1, 2, 3]) send(dead.cookie, value);
    guestDown(dead.handle);
    const seen: number[] = [];
    while (survivor.cookie.rx.waitReadable(50) === "ready") seen.push(receive(survivor.cookie)!);
    expect(seen).toEqual([1, 2, 3]);
    expect(survivor.cookie.rx.waitReadable(50)).toBe("peer-down");
  });

  test("leaves non-blocking calls as they were", () => {
    const { survivor, dead } = make();
    guestDown(dead.handle);
    settle(survivor.guest);
    expect(survivor.cookie.state).toBe("established");
    expect(fill(survivor.cookie)).toBe(4);
    expect(receive(survivor.cookie)).toBe(undefined);
    expect(survivor.cookie.session).toBe(0);
  });

  test("releases the dead guest's reservations and pools", () => {
    const { hypervisor, dead } = make();
    guestDown(dead.handle);
    const next = attachFor(hypervisor.guest(1));
    expect(next.reserve(0).reserved).toBe(true);
    expect(next.reserveMempool(5).reserved).toBe(true);
  });

  test("is seen also by a peer that attaches only then", () => {
    const { hypervisor, survivor, dead } = make();
    survivor.guest.detach();
    guestDown(dead.handle);
    expect(openEnd(hypervisor, 0, 0).cookie.peerDown).toBe(true);
  });

  test("concerns only the peers: a guest that is none is not rung", () => {
    const hypervisor = new Hypervisor({
      queues: [
        { id: 0, peers: [0, 1], nframes: 4, frameSize: 64 },
        { id: 1, peers: [0, 2], nframes: 4, frameSize: 64 },
      ],
    });
    const survivor = openEnd(hypervisor, 0, 1);
    const dead = openEnd(hypervisor, 1, 0);
    const other = openEnd(hypervisor, 2, 1);
    settle(survivor.guest, dead.guest, other.guest);
    guestDown(dead.handle);
    expect([survivor.cookie.peerDown, other.cookie.peerDown]).toEqual([false, false]);
    expect(other.guest.poll()).toBe(0);
  });

  test("ends at the next attach, before anything is reserved", () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    attachFor(hypervisor.guest(1));
    expect(survivor.cookie.peerDown).toBe(false);
  });

  test("does not come back when that next thread detaches cleanly", () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    attachFor(hypervisor.guest(1)).detach();
    expect(survivor.cookie.peerDown).toBe(false);
  });

  test("comes again when the next thread dies as well", () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    expect(guestDown(next.handle)).toBe(true);
    expect(survivor.cookie.peerDown).toBe(true);
  });
});

describe("return", () => {
  test("the endpoint comes back from reserve in sync, by itself", () => {
    const { hypervisor, dead } = make();
    guestDown(dead.handle);
    expect(comeBack(hypervisor).cookie.state).toBe("sync");
  });

  test("an endpoint that the dead guest did not hold needs no reset", () => {
    const { hypervisor, dead } = make();
    guestDown(dead.handle);
    expect(comeBack(hypervisor).guest.reserve(1).state).toBe("established");
  });

  test("an endpoint that the dead guest had given back needs no reset", () => {
    const { hypervisor, dead } = make();
    dead.cookie.unreserve();
    guestDown(dead.handle);
    expect(comeBack(hypervisor).cookie.state).toBe("established");
  });

  test("both sides go on: the survivor needs no restart and no new handle", () => {
    const { hypervisor, survivor, dead } = make();
    fill(survivor.cookie);
    for (const value of [7, 8]) send(dead.cookie, value);
    receive(survivor.cookie);
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    settle(survivor.guest, next.guest);
    expect([survivor.cookie.state, next.cookie.state]).toEqual(["established", "established"]);
    expect(fill(survivor.cookie)).toBe(4);
    expect(fill(next.cookie)).toBe(4);
    expect(receiveAll(next.cookie)).toEqual([1, 2, 3, 4]);
    expect(receiveAll(survivor.cookie)).toEqual([1, 2, 3, 4]);
  });

  test("a line that the dead guest had masked is unmasked for its successor", () => {
    const { hypervisor, survivor, dead } = make();
    dead.guest.disableIrq(dead.cookie.irq);
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    settle(survivor.guest, next.guest);
    send(survivor.cookie, 1);
    expect(next.guest.poll()).toBe(1);
  });

  test("also one of an endpoint that it did not hold, for which no reset rings", () => {
    const { hypervisor, survivor, dead } = make();
    const other = survivor.guest.reserve(1);
    const irq = dead.cookie.irq + 1;
    dead.guest.disableIrq(irq);
    guestDown(dead.handle);
    const next = attachFor(hypervisor.guest(1));
    const cookie = next.reserve(1);
    settle(survivor.guest, next);
    expect([cookie.irq, cookie.state]).toEqual([irq, "established"]);
    send(other, 1);
    expect(next.poll()).toBe(1);
  });

  test("the survivor sees session change", () => {
    const { hypervisor, survivor, dead } = make();
    const before = survivor.cookie.session;
    guestDown(dead.handle);
    expect(survivor.cookie.session, "not by the death").toBe(before);
    settle(survivor.guest, comeBack(hypervisor).guest);
    expect(survivor.cookie.session).not.toBe(before);
  });

  test("an established wait of the survivor waits for the return, though its own link was never down", async () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    expect(survivor.cookie.state).toBe("established");
    const waiting = survivor.cookie.waitEstablishedAsync(4000).then((outcome) => [outcome, survivor.cookie.session]);
    const next = comeBack(hypervisor);
    expect(await next.cookie.waitEstablishedAsync(4000)).toBe("ready");
    expect(await waiting, "not ready in the session of the dead").toEqual(["ready", 1]);
  });

  test("an established wait of the survivor spans death and return", async () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    survivor.cookie.reset();
    const waiting = survivor.cookie.waitEstablishedAsync(5000);
    const next = comeBack(hypervisor);
    expect(await next.cookie.waitEstablishedAsync(5000)).toBe("ready");
    expect(await waiting).toBe("ready");
  });
});

test("an established wait waits for the return of either side", () => {
  for (const [dead, survivor] of [
    ["a", "b"],
    ["b", "a"],
  ] as const) {
    const pair = openPair();
    guestDown(pair[dead].handle);
    expect(pair[survivor].cookie.waitEstablished(0), `${dead} died`).toBe("timed-out");
  }
});

describe("reset needed stays until ESTABLISHED", () => {
  test("a successor that gives the endpoint back before leaves it so", () => {
    const { hypervisor, dead } = make();
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    next.cookie.unreserve();
    expect(next.guest.reserve(0).state).toBe("sync");
  });

  test("a successor that detaches before leaves it so", () => {
    const { hypervisor, dead } = make();
    guestDown(dead.handle);
    comeBack(hypervisor).guest.detach();
    expect(comeBack(hypervisor).cookie.state).toBe("sync");
  });

  test("a successor that never reserved it leaves it so", () => {
    const { hypervisor, dead } = make();
    guestDown(dead.handle);
    attachFor(hypervisor.guest(1)).detach();
    expect(comeBack(hypervisor).cookie.state).toBe("sync");
  });

  test("a successor that gives it back in the middle of the handshake has the next one begin anew", () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    survivor.guest.poll();
    next.cookie.unreserve();
    const last = next.guest.reserve(0);
    expect(last.state).toBe("sync");
    settle(survivor.guest, next.guest);
    expect([survivor.cookie.state, last.state]).toEqual(["established", "established"]);
  });

  test("a successor that gives it back in ack, not in sync, leaves it so as well", () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    survivor.cookie.reset();
    next.guest.poll();
    expect(next.cookie.state, "both had reset").toBe("ack");
    next.cookie.unreserve();
    expect(next.guest.reserve(0).state).toBe("sync");
  });

  test("a successor that dies before leaves it so", () => {
    const { hypervisor, dead } = make();
    guestDown(dead.handle);
    guestDown(comeBack(hypervisor).handle);
    expect(comeBack(hypervisor).cookie.state).toBe("sync");
  });

  test("a successor that reached ESTABLISHED has ended it", () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    settle(survivor.guest, next.guest);
    next.cookie.unreserve();
    expect(next.guest.reserve(0).state).toBe("established");
  });

  test("and if it dies then, the next one must reset again", () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    settle(survivor.guest, next.guest);
    guestDown(next.handle);
    expect(comeBack(hypervisor).cookie.state).toBe("sync");
  });

  test("also when it reached ESTABLISHED by calling notified itself", () => {
    const { hypervisor, survivor, dead } = make();
    guestDown(dead.handle);
    const next = comeBack(hypervisor);
    for (let step = 0; step < 4; step++) {
      survivor.cookie.notified();
      next.cookie.notified();
    }
    next.cookie.unreserve();
    expect(next.guest.reserve(0).state).toBe("established");
  });
});

test("both guests may die, one after the other", () => {
  const { hypervisor, a, b } = openPair();
  guestDown(a.handle);
  guestDown(b.handle);
  const next = [openEnd(hypervisor, 0, 0), openEnd(hypervisor, 1, 0)];
  settle(...next.map(({ guest }) => guest));
  expect(next.map(({ cookie }) => cookie.state)).toEqual(["established", "established"]);
  send(next[0]!.cookie, 3);
  expect(receive(next[1]!.cookie)).toBe(3);
});
