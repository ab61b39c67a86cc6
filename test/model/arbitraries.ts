/** What the properties draw: geometry, start counters, bytes. */
import * as fc from "fast-check";
import { type Geometry, type QueueStart, queueSize, WRAP } from "./model.ts";

/**
 * The parameters of a property: at least `numRuns` runs. On failure the title of the test and fast-check's report name the
 * seed: replay it with `MODEL_SEED=… npx vitest run test/model`. `MODEL_RUNS=10` makes ten times as many runs.
 */
export function runs(numRuns: number): { numRuns: number; seed?: number } {
  const { MODEL_RUNS = "1", MODEL_SEED } = process.env as { MODEL_RUNS?: string; MODEL_SEED?: string };
  return { numRuns: numRuns * Number(MODEL_RUNS), ...(MODEL_SEED && { seed: Number(MODEL_SEED) }) };
}

/** Longest that a property may take, in ms; it usually takes a tenth. */
export const TIMEOUT = 120_000;

/** Rings of 1–8 frames, and some larger ones whose size is no power of two. */
export const geometry: fc.Arbitrary<Geometry> = fc.record({
  nframes: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 8 }) }, fc.constantFrom(11, 13, 24, 33)),
  frameSize: fc.constantFrom(64, 128, 192, 256),
});

/** A free-running counter: near 0, near 2^31 and near 2^32 equally often. */
const startCount: fc.Arbitrary<number> = fc.oneof(
  fc.nat(20),
  fc.integer({ min: 2 ** 31 - 10, max: 2 ** 31 + 10 }),
  fc.integer({ min: WRAP - 10, max: WRAP - 1 }),
);

/**
 * A queue in use, by honest ends whose positions were always handed over: they are where they are, whatever the counts.
 */
export function handedOverQueue({ nframes }: Geometry): fc.Arbitrary<QueueStart> {
  return fc
    .record({ rxCount: startCount, used: fc.nat(nframes), rxPosition: fc.nat(nframes - 1) })
    .map(({ rxCount, used, rxPosition }) => ({
      txCount: (rxCount + used) % WRAP,
      rxCount,
      txState: "established",
      rxPosition,
      txPosition: (rxPosition + used) % nframes,
    }));
}

/**
 * A queue in use whose positions follow from the counts, so that no wrap lies between the two counts unless nframes divides
 * 2^32. One in twenty is over-full: then nothing moves, whatever the positions.
 */
export function openedQueue({ nframes }: Geometry): fc.Arbitrary<QueueStart> {
  const overfull = fc.oneof(
    fc.integer({ min: nframes + 1, max: nframes + 3 }),
    fc.integer({ min: 2 ** 31, max: WRAP - 1 }),
  );
  return fc
    .record({
      txCount: startCount,
      used: fc.oneof({ weight: 19, arbitrary: fc.nat(nframes) }, overfull),
      inSync: fc.nat(9).map((one) => one === 9),
    })
    .map(({ txCount, used, inSync }) => {
      const most = WRAP % nframes === 0 || used > nframes ? used : Math.min(used, txCount);
      const rxCount = (WRAP + txCount - most) % WRAP;
      const txState = inSync ? "sync" : "established";
      return { txCount, rxCount, txState, txPosition: txCount % nframes, rxPosition: rxCount % nframes };
    });
}

/** Bytes that tell one message from the next. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = seed * 31 + i * 7 + (i >> 5) + 1;
  return bytes;
}

/** As {@link pattern}, somewhere in a larger buffer: at any alignment. */
export function message(maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc
    .record({ length: fc.nat(maxLength), seed: fc.nat(255), shift: fc.nat(9) })
    .map(({ length, seed, shift }) => pattern(shift + length + 1, seed).subarray(shift, shift + length));
}

/** Two queues in a buffer, in either order, with gaps. */
export interface Placement {
  readonly offsets: readonly [number, number];
  readonly byteLength: number;
}

export function placement(geometry: Geometry): fc.Arbitrary<Placement> {
  const gap = fc.nat(5).map((lines) => lines * 64);
  return fc.tuple(gap, gap, gap, fc.boolean()).map(([before, between, after, swapped]) => {
    const second = before + queueSize(geometry) + between;
    return {
      offsets: swapped ? [second, before] : [before, second],
      byteLength: second + queueSize(geometry) + after,
    };
  });
}
