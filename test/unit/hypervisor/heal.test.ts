/** SPEC §3, §5: an over-full queue, which only a broken or hostile peer can make, and its healing by the dispatcher. */
import { describe, expect, test } from "vitest";
import { areaWord, holderIndex, lifeIndex, lineIndex, statesIndex } from "../../../src/hypervisor/areas.ts";
import { MASKED } from "../../../src/hypervisor/line.ts";
import { guestDown } from "../../../src/index.ts";
import {
  fill,
  header,
  openEnd,
  openPair,
  type Pair,
  RX_COUNT,
  receive,
  receiveAll,
  send,
  settle,
  TX_COUNT,
} from "../../helpers/hypervisor.ts";

/** What `b` does to `a`, and the half of `a` that sees it. */
const crimes = {
  "the peer claims too many frames": {
    commit: ({ a }: Pair) => header(a.handle, "rx").set([5], TX_COUNT),
    half: "rx",
  },
  "the peer claims 2^32 − 1 frames": {
    commit: ({ a }: Pair) => header(a.handle, "rx").set([-1], TX_COUNT),
    half: "rx",
  },
  "the peer claims to have consumed what was never sent": {
    commit: ({ a }: Pair) => {
      fill(a.cookie);
      header(a.handle, "tx").set([5], RX_COUNT);
    },
    half: "tx",
  },
} as const;

describe.each(Object.entries(crimes))("%s", (_name, { commit, half }) => {
  test("the owner sees it, and nothing moves", () => {
    const pair = openPair({ heal: false });
    const { a } = pair;
    commit(pair);
    expect([a.cookie.rx.isOverfull(), a.cookie.tx.isOverfull()]).toEqual([half === "rx", half === "tx"]);
    expect(half === "rx" ? receive(a.cookie) : send(a.cookie, 1)).toBeFalsy();
    expect(half === "rx" ? a.cookie.rx.canRead() : a.cookie.tx.canWrite()).toBe(false);
    expect(a.cookie[half].framesAvailable()).toBe(0);
    if (half === "tx") expect(a.cookie.tx.isEmpty(), "over-full counts as empty").toBe(true);
  });

  test("dispatch resets the link, and both sides go on", () => {
    const pair = openPair();
    const { a, b } = pair;
    commit(pair);
    b.cookie.notify();
    a.guest.poll();
    expect(a.cookie.state).toBe("sync");
    settle(a.guest, b.guest);
    expect([a.cookie.state, b.cookie.state]).toEqual(["established", "established"]);
    expect([a.cookie.session, b.cookie.session]).toEqual([1, 1]);
    expect([a.cookie.rx.isOverfull(), a.cookie.tx.isOverfull()]).toEqual([false, false]);
    expect([fill(a.cookie), fill(b.cookie)]).toEqual([4, 4]);
    expect([receiveAll(a.cookie), receiveAll(b.cookie)]).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
  });

  test("once: further rings of a peer that does not answer cause no second reset", () => {
    const pair = openPair();
    const { a, b } = pair;
    commit(pair);
    b.cookie.notify();
    a.guest.poll();
    const rings = a.cookie.rings;
    for (let turn = 0; turn < 5; turn++) {
      b.cookie.notify();
      a.guest.poll();
    }
    expect([a.cookie.rings, a.cookie.state, a.cookie.session]).toEqual([rings, "sync", 0]);
  });

  test("not before the line is served", () => {
    const pair = openPair();
    commit(pair);
    pair.a.guest.poll();
    receive(pair.a.cookie);
    pair.a.cookie.tx.canWrite();
    expect(pair.a.cookie.state).toBe("established");
  });

  test("heal: false leaves it to the owner, who resets", () => {
    const pair = openPair({ heal: false });
    const { a, b } = pair;
    commit(pair);
    b.cookie.notify();
    expect(a.guest.poll()).toBe(1);
    expect([a.cookie.state, a.cookie[half].isOverfull()]).toEqual(["established", true]);
    a.cookie.reset();
    settle(a.guest, b.guest);
    expect([a.cookie.state, a.cookie[half].isOverfull()]).toEqual(["established", false]);
    send(b.cookie, 8);
    expect(receive(a.cookie)).toBe(8);
  });
});

test("a queue that is just full is not healed", () => {
  const { a, b } = openPair();
  fill(a.cookie);
  fill(b.cookie);
  settle(a.guest, b.guest);
  expect([a.cookie.session, b.cookie.session]).toEqual([0, 0]);
  expect(receiveAll(a.cookie)).toEqual([1, 2, 3, 4]);
});

describe("a peer that wrote over the owner's words, and returned honest", () => {
  /** Sets a word of the pair's area, as the peer `b` can; then `b` dies, and a successor attaches and reserves. */
  function succeed(index: number, value: number): Pair {
    const pair = openPair();
    const { hypervisor, a, b } = pair;
    areaWord(b.handle.pairs[0]!.area, index)[0] = value;
    guestDown(b.handle);
    const successor = openEnd(hypervisor, 1, 0);
    settle(a.guest, successor.guest);
    return { hypervisor, a, b: successor };
  }

  test("rings again for data: its mask of the owner's line is gone", () => {
    const { a, b } = succeed(lineIndex(0, 0), MASKED);
    send(b.cookie, 1);
    expect(a.guest.poll()).toBe(1);
  });

  test("does not take the owner for dead", () => {
    const { b } = succeed(lifeIndex(0), 1);
    expect(b.cookie.peerDown).toBe(false);
    expect(b.cookie.tx.waitWritable(0)).toBe("ready");
  });

  test("learns of the owner's death: its endpoint is reset by its successor", () => {
    const { hypervisor, a } = succeed(holderIndex(0, 0), 0);
    guestDown(a.handle);
    expect(openEnd(hypervisor, 0, 0).cookie.state).toBe("sync");
  });
});

test("a mask that the peer took away is back once its ring is taken: the owner asked for no rings for data", () => {
  const { a, b } = openPair();
  a.guest.disableIrq(a.cookie.irq);
  areaWord(b.handle.pairs[0]!.area, lineIndex(0, 0))[0] = 0;
  b.cookie.notify();
  expect(a.guest.poll()).toBe(0);
  const { rings } = b.cookie;
  send(b.cookie, 1);
  expect(b.cookie.rings).toBe(rings);
});

test("an over-full queue is left alone while the peer is not ESTABLISHED: its own handshake goes first", () => {
  const pair = openPair();
  const { a, b } = pair;
  const { area } = a.handle.pairs[0]!;
  new Int32Array(area)[statesIndex(0)] = 0b01_00;
  crimes["the peer claims too many frames"].commit(pair);
  b.cookie.notify();
  a.guest.poll();
  expect([a.cookie.state, a.cookie.dump().peerState]).toEqual(["established", "ack"]);
});
