/**
 * The ordered list of shared-memory operations of `reset` and of every row of the step (SPEC §5), in the ring layer:
 * clear before the new state is stored, ring after it; the two cleared words in the order in which SPEC names them.
 */
import { expect, test, vi } from "vitest";
import { IvcChannel } from "../../src/index.ts";
import type * as Memory from "../../src/memory.ts";
import { golden, NFRAMES, open } from "./rig.ts";
import { trace } from "./trace.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { recorded } = await import("./trace.ts");
  return recorded(await original<typeof Memory>());
});

/** An endpoint in state `own` whose peer is in state `peer`, with traffic on both queues. */
const states = (own: number, peer: number, notify = true) => {
  const txWords = { txState: own, txCount: 4, rxCount: 3 };
  return () => open({ notify, txWords, rxWords: { txState: peer, txCount: 6, rxCount: 5 } });
};

const see = (state: number): string => `load peer tx.state ${state}`;
const clear = ["store own tx.count 0", "store own rx.count 0"] as const;
const enter = (state: number): readonly string[] => [`store own tx.state ${state}`, "notify"];

golden("reset", ({ channel }) => channel.reset(), [
  ["ESTABLISHED", states(0, 0), undefined, enter(1)],
  ["SYNC", states(1, 2), undefined, enter(1)],
  ["ACK", states(2, 1), undefined, enter(1)],
]);

golden("notified", ({ channel }) => channel.notified(), [
  ["own ESTABLISHED, peer ESTABLISHED", states(0, 0), true, [see(0)]],
  ["own ESTABLISHED, peer SYNC", states(0, 1), false, [see(1), ...clear, ...enter(2)]],
  ["own ESTABLISHED, peer ACK", states(0, 2), true, [see(2)]],
  ["own ESTABLISHED, peer unknown", states(0, 9), true, [see(9)]],
  ["own SYNC, peer ESTABLISHED", states(1, 0), false, [see(0)]],
  ["own SYNC, peer SYNC", states(1, 1), false, [see(1), ...clear, ...enter(2)]],
  ["own SYNC, peer ACK", states(1, 2), true, [see(2), ...clear, ...enter(0)]],
  ["own SYNC, peer unknown", states(1, 9), false, [see(9)]],
  ["own ACK, peer ESTABLISHED", states(2, 0), true, [see(0), ...enter(0)]],
  ["own ACK, peer SYNC", states(2, 1), false, [see(1), ...clear, ...enter(2)]],
  ["own ACK, peer ACK", states(2, 2), true, [see(2), ...enter(0)]],
  ["own ACK, peer unknown", states(2, 9), true, [see(9), ...enter(0)]],
]);

golden("without a notify function, reset", ({ channel }) => channel.reset(), [
  ["ESTABLISHED", states(0, 0, false), undefined, ["store own tx.state 1"]],
]);

golden("without a notify function, notified", ({ channel }) => channel.notified(), [
  ["own ESTABLISHED, peer SYNC", states(0, 1, false), false, [see(1), ...clear, "store own tx.state 2"]],
  ["own ACK, peer ESTABLISHED", states(2, 0, false), true, [see(0), "store own tx.state 0"]],
]);

test("state, session and geometry touch no memory", () => {
  const { channel } = open();
  const log = trace.of(() => [channel.state, channel.session, channel.nframes, channel.frameSize]);
  expect(log).toEqual([]);
});

test("opening loads each of its own three words once, and no other", () => {
  const { txQueue, rxQueue } = open({ txWords: { txCount: 5, rxCount: 5, txState: 1 } });
  const log = trace.of(() => new IvcChannel({ rx: rxQueue, tx: txQueue, nframes: NFRAMES, frameSize: 64 }));
  expect(log.sort()).toEqual(["load own rx.count 0", "load own tx.count 5", "load own tx.state 1"]);
});

test("the first check after a state change loads the peer's counts afresh", () => {
  const end = open({ rxWords: { txCount: 1 } });
  end.tx.canWrite();
  end.rx.canRead();
  end.channel.reset();
  expect(trace.of(() => [end.tx.canWrite(), end.rx.canRead()])).toEqual([]);
  end.rxQueue.txState = 2;
  end.channel.notified();
  expect(trace.of(() => end.tx.canWrite())).toEqual(["load peer rx.count 0"]);
  expect(trace.of(() => end.rx.canRead())).toEqual(["load peer tx.count 1"]);
});
