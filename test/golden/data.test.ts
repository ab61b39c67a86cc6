/**
 * The ordered list of shared-memory operations of each data call of the ring layer, for each outcome. Written by hand
 * from these rules:
 *
 * - the payload goes first, then the count is published; the payload is fetched, then the frame is given back (SPEC §4)
 * - the peer's count may be cached: it is loaded on apparent full or empty, once per check, and afresh for the transition
 *   test; without a `notify` function there is no such test (SPEC §3, §4, DESIGN)
 * - own counts and the own state are never loaded (SPEC §3)
 */
import { describe, expect, test, vi } from "vitest";
import type * as Memory from "../../src/memory.ts";
import { type End, message, refusal } from "../helpers/ring.ts";
import { golden, NFRAMES, open } from "./rig.ts";
import { trace } from "./trace.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { recorded } = await import("./trace.ts");
  return recorded(await original<typeof Memory>());
});

/** An endpoint with so many frames in its tx queue, of which it knows nothing yet; */
const txUnseen = (frames: number) => () => open({ txWords: { txCount: frames } });

/** one that has looked, whereupon the peer set its count. */
const tx = (frames: number, rxCountThen = 0) => {
  return () => {
    const end = txUnseen(frames)();
    end.tx.canWrite();
    end.txQueue.rxCount = rxCountThen;
    return end;
  };
};

/** The same for the rx queue. */
const rxUnseen = (frames: number) => () => open({ rxWords: { txCount: frames } });
const rx = (frames: number, txCountThen = frames) => {
  return () => {
    const end = rxUnseen(frames)();
    end.rx.canRead();
    end.rxQueue.txCount = txCountThen;
    return end;
  };
};

/** An endpoint with room and frames that is not ESTABLISHED. */
const inState = (txState: number) => () => open({ txWords: { txState }, rxWords: { txCount: 2 } });

const three = message(1, 3);
const whole = message(1, 64);
const none = new Uint8Array(0);
const frame = expect.any(Uint8Array);
/** What a write at slot 0 does first: it asks for the cache lines of the free frames. */
const claim = (slot: number): string => `claim tx frame ${slot} [0, 1)`;
const claimBoth = [claim(0), claim(1)];

describe("tx", () => {
  const look = (count: number): string => `load peer rx.count ${count}`;
  const publish = (count: number): string => `store own tx.count ${count}`;
  const fill = (slot: number): string => `write tx frame ${slot} [0, 64)`;

  golden("write", (end) => end.tx.write(whole), [
    ["nothing known", txUnseen(0), true, [look(0), ...claimBoth, fill(0), publish(1), look(0), "notify"]],
    ["room known", tx(0), true, [...claimBoth, fill(0), publish(1), look(0), "notify"]],
    ["room known, not empty", tx(1), true, [fill(1), publish(2), look(0)]],
    ["room known, empty meanwhile", tx(1, 1), true, [fill(1), publish(2), look(1), "notify"]],
    ["full as far as known, room meanwhile", tx(2, 1), true, [look(1), claim(0), fill(0), publish(3), look(1)]],
    [
      "full as far as known, empty meanwhile",
      tx(2, 2),
      true,
      [look(2), ...claimBoth, fill(0), publish(3), look(2), "notify"],
    ],
    ["full", tx(2), false, [look(0)]],
    ["over-full", txUnseen(3), false, [look(0)]],
    ["SYNC", inState(1), false, []],
    ["ACK", inState(2), false, []],
  ]);
  golden("write of a part", (end) => end.tx.write(three), [
    [
      "room",
      tx(0),
      true,
      [...claimBoth, "write tx frame 0 [0, 3)", "zero tx frame 0 [3, 64)", publish(1), look(0), "notify"],
    ],
  ]);
  golden("write of nothing", (end) => end.tx.write(none), [
    ["room", tx(0), true, [...claimBoth, "zero tx frame 0 [0, 64)", publish(1), look(0), "notify"]],
    ["full", tx(2), false, [look(0)]],
  ]);
  golden("write of too much", (end) => refusal(() => end.tx.write(new Uint8Array(65))).code, [
    ["room", tx(0), "E2BIG", []],
    ["nothing known", txUnseen(0), "E2BIG", []],
  ]);
  golden("poke", (end) => end.tx.poke(three, 5), [
    ["nothing known", txUnseen(0), true, [look(0), "write tx frame 0 [5, 8)"]],
    ["room known", tx(1), true, ["write tx frame 1 [5, 8)"]],
    ["full", tx(2), false, [look(0)]],
    ["SYNC", inState(1), false, []],
  ]);
  golden("poke of nothing", (end) => end.tx.poke(none, 64), [
    ["room known", tx(0), true, []],
    ["full", tx(2), false, [look(0)]],
  ]);
  golden("getNextFrame", (end) => end.tx.getNextFrame(), [
    ["nothing known", txUnseen(0), frame, [look(0)]],
    ["room known", tx(1), frame, []],
    ["full", tx(2), undefined, [look(0)]],
    ["SYNC", inState(1), undefined, []],
  ]);
  golden("getNextFrame(1)", (end) => end.tx.getNextFrame(1), [
    ["room known", tx(0), frame, []],
    ["room for one", tx(1), undefined, [look(0)]],
    ["room for one as far as known", tx(1, 1), frame, [look(1)]],
  ]);
  golden("advance", (end) => end.tx.advance(), [
    ["nothing known", txUnseen(0), true, [look(0), publish(1), look(0), "notify"]],
    ["room known", tx(1), true, [publish(2), look(0)]],
    ["full", tx(2), false, [look(0)]],
    ["ACK", inState(2), false, []],
  ]);
  golden("advance(2)", (end) => end.tx.advance(2), [
    ["room known", tx(0), true, [publish(2), look(0), "notify"]],
    ["room for one", tx(1), false, [look(0)]],
    ["room for one as far as known", tx(1, 1), true, [look(1), publish(3), look(1), "notify"]],
  ]);
  golden("canWrite", (end) => end.tx.canWrite(), [
    ["nothing known", txUnseen(0), true, [look(0)]],
    ["room known", tx(1), true, []],
    ["full", tx(2), false, [look(0)]],
    ["SYNC", inState(1), false, []],
  ]);
  golden("isEmpty", (end) => end.tx.isEmpty(), [
    ["empty", tx(1, 1), true, [look(1)]],
    ["SYNC", inState(1), true, [look(0)]],
  ]);
  golden("isOverfull", (end) => end.tx.isOverfull(), [["full", tx(2), false, [look(0)]]]);
  golden("framesAvailable", (end) => end.tx.framesAvailable(), [["room for two meanwhile", tx(1, 1), 2, [look(1)]]]);
});

describe("rx", () => {
  const look = (count: number): string => `load peer tx.count ${count}`;
  const consume = (count: number): string => `store own rx.count ${count}`;
  const fetch = "read rx frame 0 [0, 64)";

  golden("read", (end) => end.rx.read(new Uint8Array(64)), [
    ["nothing known", rxUnseen(1), true, [look(1), fetch, consume(1), look(1)]],
    ["nothing known, full", rxUnseen(2), true, [look(2), fetch, consume(1), look(2), "notify"]],
    ["a frame known", rx(1), true, [fetch, consume(1), look(1)]],
    ["full", rx(2), true, [fetch, consume(1), look(2), "notify"]],
    ["a frame known, full meanwhile", rx(1, 2), true, [fetch, consume(1), look(2), "notify"]],
    ["empty as far as known, a frame meanwhile", rx(0, 1), true, [look(1), fetch, consume(1), look(1)]],
    ["empty", rx(0), false, [look(0)]],
    ["over-full", rxUnseen(3), false, [look(3)]],
    ["SYNC", inState(1), false, []],
    ["ACK", inState(2), false, []],
  ]);
  golden("read of a part", (end) => end.rx.read(new Uint8Array(10)), [
    ["a frame known", rx(1), true, ["read rx frame 0 [0, 10)", consume(1), look(1)]],
  ]);
  golden("read of nothing", (end) => end.rx.read(none), [["a frame known", rx(1), true, [consume(1), look(1)]]]);
  golden("read into more", (end) => end.rx.read(new Uint8Array(99)), [
    ["a frame known", rx(1), true, [fetch, consume(1), look(1)]],
  ]);
  golden("read into no bytes", (end) => refusal(() => end.rx.read([] as never)).code, [
    ["nothing known", rxUnseen(1), "EINVAL", []],
  ]);
  golden("peek", (end) => end.rx.peek(new Uint8Array(3), 5), [
    ["nothing known", rxUnseen(1), true, [look(1), "read rx frame 0 [5, 8)"]],
    ["a frame known", rx(2), true, ["read rx frame 0 [5, 8)"]],
    ["empty", rx(0), false, [look(0)]],
    ["SYNC", inState(1), false, []],
  ]);
  golden("peek of all", (end) => end.rx.peek(new Uint8Array(64)), [["a frame known", rx(1), true, [fetch]]]);
  golden("peek of nothing", (end) => end.rx.peek(none, 64), [
    ["a frame known", rx(1), true, []],
    ["empty", rx(0), false, [look(0)]],
  ]);
  golden("getNextFrame", (end) => end.rx.getNextFrame(), [
    ["nothing known", rxUnseen(1), frame, [look(1)]],
    ["a frame known", rx(1), frame, []],
    ["empty", rx(0), undefined, [look(0)]],
    ["ACK", inState(2), undefined, []],
  ]);
  golden("getNextFrame(1)", (end) => end.rx.getNextFrame(1), [
    ["two frames known", rx(2), frame, []],
    ["one frame", rx(1), undefined, [look(1)]],
    ["one frame as far as known", rx(1, 2), frame, [look(2)]],
  ]);
  golden("advance", (end) => end.rx.advance(), [
    ["nothing known", rxUnseen(2), true, [look(2), consume(1), look(2), "notify"]],
    ["a frame known", rx(1), true, [consume(1), look(1)]],
    ["empty", rx(0), false, [look(0)]],
    ["SYNC", inState(1), false, []],
  ]);
  golden("advance(2)", (end) => end.rx.advance(2), [
    ["two frames known", rx(2), true, [consume(2), look(2), "notify"]],
    ["one frame", rx(1), false, [look(1)]],
    ["one frame as far as known", rx(1, 2), true, [look(2), consume(2), look(2), "notify"]],
  ]);
  golden("canRead", (end) => end.rx.canRead(), [
    ["nothing known", rxUnseen(1), true, [look(1)]],
    ["a frame known", rx(1), true, []],
    ["empty", rx(0), false, [look(0)]],
    ["ACK", inState(2), false, []],
  ]);
  golden("isOverfull", (end) => end.rx.isOverfull(), [["a frame known", rx(1), false, [look(1)]]]);
  golden("framesAvailable", (end) => end.rx.framesAvailable(), [["one more meanwhile", rx(1, 2), 2, [look(2)]]]);
});

describe("without a notify function nobody is rung, and nothing is loaded to find out", () => {
  const given = (txCount: number, rxFrames: number) => {
    return () => {
      const end = open({ notify: false, txWords: { txCount }, rxWords: { txCount: rxFrames } });
      end.tx.canWrite();
      end.rx.canRead();
      return end;
    };
  };
  golden("write", (end) => end.tx.write(whole), [
    ["empty", given(0, 0), true, [...claimBoth, "write tx frame 0 [0, 64)", "store own tx.count 1"]],
    ["full", given(2, 0), false, ["load peer rx.count 0"]],
  ]);
  golden("tx.advance(2)", (end) => end.tx.advance(2), [["empty", given(0, 0), true, ["store own tx.count 2"]]]);
  golden("read", (end) => end.rx.read(new Uint8Array(64)), [
    ["full", given(0, 2), true, ["read rx frame 0 [0, 64)", "store own rx.count 1"]],
    ["empty", given(0, 0), false, ["load peer tx.count 0"]],
  ]);
  golden("rx.advance(2)", (end) => end.rx.advance(2), [["full", given(0, 2), true, ["store own rx.count 2"]]]);
});

test("no view is made once every slot has been used", () => {
  const end = open();
  const lap = (): void => {
    for (let i = 0; i < NFRAMES; i++) {
      useEveryVerb(end);
      end.txQueue.rxCount++;
      end.rxQueue.txCount++;
    }
  };
  end.rxQueue.txCount = 1;
  lap();
  const { views } = trace;
  lap();
  expect(end.txQueue.txCount).toBe(2 * NFRAMES);
  expect(end.rxQueue.rxCount).toBe(2 * NFRAMES);
  expect(trace.views).toBe(views);
});

function useEveryVerb({ tx, rx }: End): void {
  tx.getNextFrame()?.set(whole);
  tx.poke(three, 5);
  tx.write(three);
  rx.getNextFrame();
  rx.peek(new Uint8Array(10), 5);
  rx.read(new Uint8Array(64));
}
