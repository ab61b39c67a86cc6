/**
 * The ordered list of shared-memory operations of an endpoint that a guest has reserved: the mask that saves the ring and
 * the transition test, what a ring is, and the step on the packed states (SPEC §5, §8). The bytes that only the guest
 * itself reaches are left out.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { groupIndex, holderIndex, lifeIndex, lineIndex, statesIndex, WAKE } from "../../src/hypervisor/areas.ts";
import { attach, type Guest, Hypervisor, type IvcCookie } from "../../src/index.ts";
import type * as Memory from "../../src/memory.ts";
import { message, OFFSETS } from "../helpers/ring.ts";
import { atomics, trace } from "./trace.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { recorded } = await import("./trace.ts");
  return recorded(await original<typeof Memory>());
});

/** The packed states as own|peer: two bits a side, bit 0 ACK, bit 1 SYNC, side 0 lowest. The own end is side 0. */
const SIDES = ["established", "ack", "sync", "sync"] as const;
const showStates = (word: number): string => `${SIDES[word & 3]}|${SIDES[(word >> 2) & 3]}`;
const EST = 0;
const ACK = 1;
const SYNC = 2;
const pack = (own: number, peer: number): number => own | (peer << 2);

const showLine = (word: number): string => ["0", "pending", "masked", "pending+masked"][word] ?? String(word);
const SLEEPING = 2 ** 31;
const showWake = (word: number): string => (word === SLEEPING ? "sleeping" : String(word));

let guest: Guest;
let peerGuest: Guest;
let end: IvcCookie;
let peer: IvcCookie;
let states: Int32Array;
let peerWake: Int32Array;

/** Makes a channel of two frames whose packed states are as given, and reserves both its ends. */
function open(packed = pack(EST, EST)): void {
  const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [0, 1], nframes: 2, frameSize: 64 }] });
  const [own, other] = [hypervisor.guest(0), hypervisor.guest(1)];
  const { area } = own.pairs[0]!;
  const { txOffset, rxOffset } = own.endpoints[0]!;
  trace.nameWord(area, txOffset + OFFSETS.txCount, "own tx.count");
  trace.nameWord(area, txOffset + OFFSETS.txState, "own tx.state");
  trace.nameWord(area, txOffset + OFFSETS.rxCount, "peer rx.count");
  trace.nameWord(area, rxOffset + OFFSETS.txCount, "peer tx.count");
  trace.nameWord(area, rxOffset + OFFSETS.txState, "peer tx.state");
  trace.nameWord(area, rxOffset + OFFSETS.rxCount, "own rx.count");
  trace.nameFrames("tx", area, txOffset + OFFSETS.frames, 64, 2);
  trace.nameFrames("rx", area, rxOffset + OFFSETS.frames, 64, 2);
  trace.nameWord(area, 4 * lineIndex(0, 1), "peer line", showLine);
  trace.nameWord(area, 4 * statesIndex(0), "states", showStates);
  trace.nameWord(area, 4 * holderIndex(0, 0), "own holder");
  trace.nameWord(area, 4 * lifeIndex(0), "own holder's life");
  trace.nameWord(other.wake, 4 * WAKE, "peer wake", showWake);
  trace.nameWord(other.wake, 4 * groupIndex(0), "peer wake group");
  trace.hide(own.own);
  states = new Int32Array(area, 4 * statesIndex(0), 1);
  peerWake = new Int32Array(other.wake, 4 * WAKE, 1);
  states[0] = packed;
  guest = attach(own);
  peerGuest = attach(other);
  peer = peerGuest.reserve(0);
  end = guest.reserve(0);
}

beforeEach(() => open());
afterEach(() => trace.undisturbed());

const whole = message(1, 64);
const into = new Uint8Array(64);
const write = (): boolean => end.tx.write(whole);
const read = (): boolean => end.rx.read(into);

const txLook = (count: number): string => `load peer rx.count ${count}`;
const rxLook = (count: number): string => `load peer tx.count ${count}`;
const filled = (slot: number, count: number) =>
  [`write tx frame ${slot} [0, 64)`, `store own tx.count ${count}`] as const;
const claimed = ["claim tx frame 0 [0, 1)", "claim tx frame 1 [0, 1)"] as const;
const taken = (slot: number, count: number) =>
  [`read rx frame ${slot} [0, 64)`, `store own rx.count ${count}`] as const;

/** What a call does, but for the record of who holds the endpoint (SPEC §8, "Death"), which no handshake depends on. */
const handshake = (call: () => unknown): string[] => trace.of(call).filter((line) => !line.includes("own holder"));

/** A ring latches the line, then gives the hints: which line of the group, which group. */
const ring = ["or peer line pending → 0", "or peer wake group 1 → 0", "or peer wake 1 → 0"] as const;

describe("the peer has masked its line: no ring, no transition test, and at most three Atomics calls", () => {
  const mask = "load peer line masked";
  beforeEach(() => peerGuest.disableIrq(peer.irq));

  test("write: nothing known", () => expect(trace.of(write)).toEqual([txLook(0), ...claimed, ...filled(0, 1), mask]));

  test("write: room known", () => {
    write();
    expect(trace.of(write)).toEqual([...filled(1, 2), mask]);
  });

  test("write: full", () => {
    end.tx.advance(2);
    expect(trace.of(write)).toEqual([txLook(0)]);
  });

  test("tx.advance(2)", () => {
    expect(trace.of(() => end.tx.advance(2))).toEqual([txLook(0), "store own tx.count 2", mask]);
  });

  test("read: nothing known, full", () => {
    peer.tx.advance(2);
    expect(trace.of(read)).toEqual([rxLook(2), ...taken(0, 1), mask]);
  });

  test("read: a frame known", () => {
    peer.tx.advance(2);
    read();
    expect(trace.of(read)).toEqual([...taken(1, 2), mask]);
  });

  test("read: empty", () => expect(trace.of(read)).toEqual([rxLook(0)]));

  test("rx.advance(2)", () => {
    peer.tx.advance(2);
    expect(trace.of(() => end.rx.advance(2))).toEqual([rxLook(2), "store own rx.count 2", mask]);
  });

  test("peek, poke, get and queries of what is known: nothing", () => {
    peer.tx.advance();
    expect([end.tx.canWrite(), end.rx.canRead()]).toEqual([true, true]);
    expect(trace.of(() => [end.tx.canWrite(), end.tx.getNextFrame(), end.rx.canRead(), end.rx.getNextFrame()])).toEqual(
      [],
    );
    expect(trace.of(() => end.tx.poke(whole))).toEqual(["write tx frame 0 [0, 64)"]);
    expect(trace.of(() => end.rx.peek(into))).toEqual(["read rx frame 0 [0, 64)"]);
  });

  test("never more than three, one frame after the other or a full ring at a time", () => {
    const counts: number[] = [];
    for (let i = 0; i < 12; i++) {
      for (let k = 0; k <= i % 2; k++) counts.push(atomics(trace.of(write)));
      while (peer.rx.advance()) peer.tx.advance();
      while (end.rx.canRead()) counts.push(atomics(trace.of(read)));
    }
    expect(counts).toHaveLength(36);
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
  });
});

describe("the peer's line is unmasked: the transition test, after the count is published, and a ring if it says so", () => {
  const mask = "load peer line 0";

  test("write to an empty queue", () => {
    expect(trace.of(write)).toEqual([txLook(0), ...claimed, ...filled(0, 1), mask, txLook(0), ...ring]);
  });

  test("write to a queue with a frame", () => {
    write();
    expect(trace.of(write)).toEqual([...filled(1, 2), "load peer line pending", txLook(0)]);
  });

  test("write to a queue that is empty meanwhile", () => {
    write();
    peerGuest.poll();
    peer.rx.advance();
    expect(trace.of(write)).toEqual([...filled(1, 2), mask, txLook(1), ...ring]);
  });

  test("read from a full queue", () => {
    peer.tx.advance(2);
    expect(trace.of(read)).toEqual([rxLook(2), ...taken(0, 1), mask, rxLook(2), ...ring]);
  });

  test("read from a queue that was not full", () => {
    peer.tx.advance();
    expect(trace.of(read)).toEqual([rxLook(1), ...taken(0, 1), mask, rxLook(1)]);
  });

  test("batches", () => {
    peer.tx.advance(2);
    expect(trace.of(() => end.tx.advance(2))).toEqual([txLook(0), "store own tx.count 2", mask, txLook(0), ...ring]);
    peerGuest.poll();
    expect(trace.of(() => end.rx.advance(2))).toEqual([rxLook(2), "store own rx.count 2", mask, rxLook(2), ...ring]);
  });
});

describe("a ring", () => {
  const notify = (): void => end.notify();

  test("latches the line and gives the hints", () => expect(trace.of(notify)).toEqual(ring));

  test("of a line that is pending is only that: rings are coalesced", () => {
    notify();
    expect(trace.of(notify)).toEqual(["or peer line pending → pending"]);
  });

  test("of a line that has been taken rings anew", () => {
    notify();
    peerGuest.poll();
    expect(trace.of(notify)).toEqual(ring);
  });

  test("of a guest that sleeps wakes it", () => {
    peerWake[0] = SLEEPING;
    const hints = ["or peer line pending → 0", "or peer wake group 1 → 0", "or peer wake 1 → sleeping"];
    expect(trace.of(notify)).toEqual([...hints, "notify peer wake"]);
  });

  test("that is explicit rings a masked line, without looking at the mask", () => {
    peerGuest.disableIrq(peer.irq);
    expect(trace.of(notify)).toEqual(["or peer line pending → masked", ...ring.slice(1)]);
  });
});

describe("reset and step: clear, exchange, then store the wire state; ring whatever the mask", () => {
  const clear = ["store own tx.count 0", "store own rx.count 0"] as const;

  test.each([
    ["ESTABLISHED", EST, EST, "established|established"],
    ["SYNC", SYNC, ACK, "sync|ack"],
    ["ACK", ACK, SYNC, "ack|sync"],
  ])("reset from %s: the packed state changes in one operation, whatever the peer does", (_, own, other, shown) => {
    open(pack(own, other));
    const log = handshake(() => end.reset());
    expect(log).toEqual([`or states sync|established → ${shown}`, "store own tx.state 1", ...ring]);
    expect(showStates(states[0]!)).toBe(`sync|${SIDES[other]}`);
  });

  const step = (before: string, after: string, wire: number): string[] => [
    `compareExchange states ${before} ${after} → ${before}`,
    `store own tx.state ${wire}`,
    ...ring,
  ];
  const rows: readonly (readonly [own: number, peer: number, answer: boolean, ...wanted: string[]])[] = [
    [EST, EST, true],
    [EST, SYNC, false, ...clear, ...step("established|sync", "ack|sync", 2)],
    [EST, ACK, true],
    [SYNC, EST, false],
    [SYNC, SYNC, false, ...clear, ...step("sync|sync", "ack|sync", 2)],
    [SYNC, ACK, true, ...clear, ...step("sync|ack", "established|ack", 0)],
    [ACK, EST, true, ...step("ack|established", "established|established", 0)],
    [ACK, SYNC, false, ...clear, ...step("ack|sync", "ack|sync", 2)],
    [ACK, ACK, true, ...step("ack|ack", "established|ack", 0)],
  ];
  const named = rows.map((row) => [SIDES[row[0]], SIDES[row[1]], row] as const);

  test.each(named)("step, own %s, peer %s", (_, _peer, [own, other, answer, ...wanted]) => {
    open(pack(own, other));
    let got: unknown;
    const log = handshake(() => {
      got = end.notified();
    });
    expect(log).toEqual([`load states ${showStates(pack(own, other))}`, ...wanted]);
    expect(got).toBe(answer);
  });

  test("a masked line is rung by reset and step all the same", () => {
    peerGuest.disableIrq(peer.irq);
    const masked = ["or peer line pending → masked", ...ring.slice(1)];
    expect(handshake(() => end.reset()).slice(-3)).toEqual(masked);
    peerGuest.poll();
    states[0] = pack(SYNC, ACK);
    expect(handshake(() => end.notified()).slice(-3)).toEqual(masked);
  });

  test("a step on a stale sample takes no effect and is done again on a fresh one", () => {
    open(pack(SYNC, ACK));
    let resets = 1;
    trace.meanwhile("compareExchange states", () => {
      if (resets-- > 0) states[0] = pack(SYNC, SYNC);
    });
    expect(handshake(() => end.notified())).toEqual([
      "load states sync|ack",
      ...clear,
      "compareExchange states sync|ack established|ack → sync|sync",
      "load states sync|sync",
      ...clear,
      "compareExchange states sync|sync ack|sync → sync|sync",
      "store own tx.state 2",
      ...ring,
    ]);
    expect(end.state).toBe("ack");
  });

  test("a peer that takes its SYNC back before the step: the own counters are cleared, so the link is reset", () => {
    open(pack(EST, SYNC));
    trace.meanwhile("compareExchange states", () => {
      states[0] = pack(EST, EST);
    });
    expect(handshake(() => end.notified())).toEqual([
      "load states established|sync",
      ...clear,
      "compareExchange states established|sync ack|sync → established|established",
      "load states established|established",
      "or states sync|established → established|established",
      "store own tx.state 1",
      ...ring,
    ]);
    expect(end.state).toBe("sync");
  });

  test("a peer that keeps changing its state is sampled a few times; then the line is left pending", () => {
    end.reset();
    guest.poll();
    expect(guest.poll()).toBe(0);
    states[0] = pack(SYNC, ACK);
    trace.meanwhile("compareExchange states", () => {
      states[0] = states[0] === pack(SYNC, ACK) ? pack(SYNC, SYNC) : pack(SYNC, ACK);
    });
    const log = handshake(() => end.notified());
    const samples = log.filter((line) => line.startsWith("load states")).length;
    expect(samples).toBeGreaterThanOrEqual(2);
    expect(samples).toBeLessThanOrEqual(10);
    expect(log.filter((line) => /own tx.state|peer line/.test(line))).toEqual([]);
    expect(end.state).toBe("sync");
    trace.undisturbed();
    states[0] = pack(SYNC, ACK);
    expect(guest.poll()).toBe(1);
    expect(end.state).toBe("established");
  });
});

test("reserving loads the packed states and the own counts once each, and nothing of the peer's", () => {
  end.unreserve();
  const log = handshake(() => guest.reserve(0));
  expect(log.sort()).toEqual(["load own rx.count 0", "load own tx.count 0", "load states established|established"]);
});
