/**
 * Which frames a write claims: those that it will write next, as far as they are known to be free, so that their cache
 * lines come at the same time. Only frames of one cache line, and none once a frame was handed out: whoever got it may be
 * writing to it, on any thread.
 */
import { describe, expect, test, vi } from "vitest";
import type * as Memory from "../../src/memory.ts";
import { type End, message, openEnd, range } from "../helpers/ring.ts";
import { trace } from "./trace.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { recorded } = await import("./trace.ts");
  return recorded(await original<typeof Memory>());
});

const NFRAMES = 70;

function open(frameSize = 64): End {
  const end = openEnd({ nframes: NFRAMES, frameSize });
  trace.nameFrames("tx", end.txQueue.buffer, end.txQueue.frameOffset(0), frameSize, NFRAMES);
  return end;
}

const data = message(1, 64);

/** Writes a frame. The slots it claimed. */
function claimedBy(end: End): number[] {
  const log = trace.of(() => expect(end.tx.write(data)).toBe(true));
  return log.flatMap((line) => /^claim tx frame (\d+) \[0, 1\)$/.exec(line)?.slice(1) ?? []).map(Number);
}

/** Writes frames that claim none. */
function writeUnclaimed(end: End, count: number): void {
  for (let i = 0; i < count; i++) expect(claimedBy(end)).toEqual([]);
}

test("32 at a time, and none beyond the last slot", () => {
  const end = open();
  expect(claimedBy(end)).toEqual(range(0, 31));
  writeUnclaimed(end, 31);
  expect(claimedBy(end)).toEqual(range(32, 63));
  writeUnclaimed(end, 31);
  expect(claimedBy(end)).toEqual(range(64, 69));
  writeUnclaimed(end, 5);
  end.txQueue.rxCount = 69;
  expect(claimedBy(end)).toEqual(range(0, 31));
});

test("only those that are known to be free", () => {
  const end = open();
  for (let i = 0; i < NFRAMES; i++) end.tx.write(data);
  end.txQueue.rxCount = 5;
  expect(claimedBy(end)).toEqual(range(0, 4));
  end.txQueue.rxCount = 60;
  writeUnclaimed(end, 31);
  expect(claimedBy(end)).toEqual(range(32, 59));
});

test("their bytes stay as they were", () => {
  const end = open();
  end.txQueue.dirty(0xaa);
  expect(claimedBy(end)).toEqual(range(0, 31));
  for (const slot of range(1, NFRAMES - 1)) expect(end.txQueue.frame(slot)).toEqual(new Uint8Array(64).fill(0xaa));
});

test("none of frames longer than a cache line", () => {
  const end = open(128);
  writeUnclaimed(end, NFRAMES);
});

describe("none once a frame was handed out", () => {
  test.each([0, 7])("%d ahead", (ahead) => {
    const end = open();
    expect(end.tx.getNextFrame(ahead)).toBeDefined();
    writeUnclaimed(end, NFRAMES);
  });

  test("nor after a reset, which makes that frame void", () => {
    const end = open();
    end.tx.getNextFrame(40);
    end.txQueue.txState = 1;
    end.rxQueue.txState = 1;
    end.channel.notified();
    end.rxQueue.txState = 0;
    expect(end.channel.notified()).toBe(true);
    writeUnclaimed(end, NFRAMES);
  });

  test("but if it was refused, they are", () => {
    const end = open();
    for (let i = 0; i < NFRAMES; i++) end.tx.write(data);
    expect(end.tx.getNextFrame()).toBeUndefined();
    end.txQueue.rxCount = 2;
    expect(claimedBy(end)).toEqual([0, 1]);
  });
});

test("poke and advance claim none", () => {
  const end = open();
  expect(trace.of(() => end.tx.poke(data)).filter((line) => line.startsWith("claim"))).toEqual([]);
  expect(trace.of(() => end.tx.advance()).filter((line) => line.startsWith("claim"))).toEqual([]);
});
