/** What the golden tests of the ring layer share: an endpoint whose words have names, and a table of calls on it. */
import { describe, expect, test } from "vitest";
import { type End, OFFSETS, openEnd, type Setup } from "../helpers/ring.ts";
import { trace } from "./trace.ts";

export const NFRAMES = 2;

/** Opens an endpoint of two frames of 64 bytes and names its words by their owners. */
export function open(setup: Omit<Setup, "nframes"> = {}): End {
  const end = openEnd({ nframes: NFRAMES, ...setup });
  const { txQueue, rxQueue } = end;
  const { buffer } = txQueue;
  trace.nameWord(buffer, txQueue.byteOffset + OFFSETS.txCount, "own tx.count");
  trace.nameWord(buffer, txQueue.byteOffset + OFFSETS.txState, "own tx.state");
  trace.nameWord(buffer, txQueue.byteOffset + OFFSETS.rxCount, "peer rx.count");
  trace.nameWord(buffer, rxQueue.byteOffset + OFFSETS.txCount, "peer tx.count");
  trace.nameWord(buffer, rxQueue.byteOffset + OFFSETS.txState, "peer tx.state");
  trace.nameWord(buffer, rxQueue.byteOffset + OFFSETS.rxCount, "own rx.count");
  trace.nameFrames("tx", buffer, txQueue.frameOffset(0), 64, NFRAMES);
  trace.nameFrames("rx", buffer, rxQueue.frameOffset(0), 64, NFRAMES);
  end.onRing = () => trace.note("notify");
  return end;
}

/** When a call is made, on what, what it answers, and what it does. */
export type Row = readonly [when: string, given: () => End, answer: unknown, wanted: readonly string[]];

/** Holds what one call does in each of several situations against what it should. */
export function golden(name: string, call: (end: End) => unknown, rows: readonly Row[]): void {
  describe(name, () => {
    test.each(rows)("%s", (_, given, answer, wanted) => {
      const end = given();
      let got: unknown;
      const log = trace.of(() => {
        got = call(end);
      });
      expect(log).toEqual(wanted);
      expect(got).toEqual(answer);
    });
  });
}
