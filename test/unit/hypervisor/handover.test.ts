/** SPEC §3, §8: after a clean unreserve the next owner goes on from the counters in memory, positions handed over. */
import { describe, expect, test } from "vitest";
import { rxPositionIndex, txPositionIndex } from "../../../src/hypervisor/areas.ts";
import { type GuestHandle, Hypervisor } from "../../../src/index.ts";
import {
  type End,
  header,
  openEnd,
  openPair,
  RX_COUNT,
  receive,
  receiveAll,
  send,
  settle,
  TX_COUNT,
} from "../../helpers/hypervisor.ts";

const ID = 0;
const NFRAMES = 3;

function make(nframes = NFRAMES): Hypervisor {
  return new Hypervisor({ queues: [{ id: ID, peers: [0, 1], nframes, frameSize: 64 }] });
}

/** Both queues as if `count` frames had gone through each. */
function age(handle: GuestHandle, count: number): void {
  for (const direction of ["rx", "tx"] as const) {
    const words = header(handle, direction);
    words[TX_COUNT] = count;
    words[RX_COUNT] = count;
  }
}

/** How an endpoint passes to its next owner. */
const passings: Record<string, (hypervisor: Hypervisor, end: End) => End> = {
  "unreserve and reserve": (_hypervisor, { handle, guest, cookie }) => {
    cookie.unreserve();
    return { handle, guest, cookie: guest.reserve(ID) };
  },
  "detach and attach": (hypervisor, { guest }) => {
    guest.detach();
    return openEnd(hypervisor, guest.vmid, ID);
  },
};

describe.each(Object.entries(passings))("%s", (_name, pass) => {
  test("needs no reset", () => {
    const { hypervisor, a, b } = openPair();
    const next = pass(hypervisor, a);
    expect([next.cookie.state, b.cookie.state]).toEqual(["established", "established"]);
    expect([next.cookie.session, b.cookie.session]).toEqual([0, 0]);
  });

  test("loses no frame, either way", () => {
    const { hypervisor, a, b } = openPair();
    for (const value of [1, 2, 3]) send(a.cookie, value);
    for (const value of [4, 5]) send(b.cookie, value);
    receive(b.cookie);
    receive(a.cookie);
    const next = pass(hypervisor, a);
    send(next.cookie, 6);
    send(b.cookie, 7);
    expect(receiveAll(b.cookie)).toEqual([2, 3, 6]);
    expect(receiveAll(next.cookie)).toEqual([5, 7]);
  });

  test("in the middle of a handshake goes on with it", () => {
    const { hypervisor, a, b } = openPair();
    a.cookie.reset();
    b.guest.poll();
    const next = pass(hypervisor, a);
    expect(next.cookie.state).toBe("sync");
    settle(next.guest, b.guest);
    expect([next.cookie.state, b.cookie.state]).toEqual(["established", "established"]);
    send(next.cookie, 1);
    expect(receive(b.cookie)).toBe(1);
  });

  // 2^32 mod 3 = 1: once a count has wrapped, count mod 3 is no more the position.
  test.each([-1, -2, -3, -4, -7, -20])("nframes 3, counters near 2^32: from 2^32 %i on", (start) => {
    const hypervisor = make();
    age(hypervisor.guest(0), start);
    let a = openEnd(hypervisor, 0, ID);
    let b = openEnd(hypervisor, 1, ID);
    let sent = 0;
    let seen = 0;
    for (let round = 0; round < 12; round++) {
      const used = sent - seen;
      for (let i = used; i < NFRAMES; i++) {
        expect(send(a.cookie, ++sent)).toBe(true);
        expect(send(b.cookie, sent + 100)).toBe(true);
      }
      expect(send(a.cookie, 99)).toBe(false);
      if (round % 3 !== 1) a = pass(hypervisor, a);
      if (round % 3 !== 2) b = pass(hypervisor, b);
      for (let i = 0; i <= round % NFRAMES; i++) {
        expect(receive(b.cookie)).toBe(++seen);
        expect(receive(a.cookie)).toBe(seen + 100);
      }
      expect([a.cookie.tx.framesAvailable(), b.cookie.rx.framesAvailable()]).toEqual([
        NFRAMES - sent + seen,
        sent - seen,
      ]);
    }
    expect(start + sent, "the counters did wrap").toBeGreaterThan(0);
  });
});

describe("a handed-over position that is out of range is not used: position = count mod nframes", () => {
  test.each([NFRAMES, 7, 0x7fffffff, -1, -0x80000000])("%i", (garbage) => {
    const { hypervisor, a, b } = openPair({ nframes: NFRAMES });
    for (let i = 0; i < 4; i++) {
      send(a.cookie, i);
      send(b.cookie, i);
      receive(a.cookie);
      receive(b.cookie);
    }
    a.cookie.unreserve();
    const own = new Int32Array(hypervisor.guest(0).own);
    own[txPositionIndex(0)] = garbage;
    own[rxPositionIndex(0)] = garbage;
    const next = a.guest.reserve(ID);
    const { tx, rx } = next.dump();
    expect([tx.position, rx.position]).toEqual([1, 1]);
    send(next, 11);
    send(b.cookie, 12);
    expect([receive(b.cookie), receive(next)]).toEqual([11, 12]);
  });
});
