/** The checks of what callers pass to the halves (SPEC §4); each throws, and comes before any look at the state. */
import { checkBytes, checkInteger, expected } from "../errors.ts";

/** Refuses data that `write` does not take. Returns its length. */
export function checkWrite(data: Uint8Array, length: number | undefined, frameSize: number): number {
  const bytes = checkBytes("data", data, length);
  if (bytes > frameSize) throw expected("E2BIG", "the length of data", `at most frameSize (${frameSize})`, bytes);
  return bytes;
}

/** Refuses a range that `poke` or `peek` does not take. Returns its length. */
export function checkRange(
  what: string,
  buffer: Uint8Array,
  offset: number,
  length: number | undefined,
  frameSize: number,
): number {
  const bytes = checkBytes(what, buffer, length);
  if (!Number.isInteger(offset) || offset < 0) throw expected("EINVAL", "offset", "an integer ≥ 0", offset);
  if (offset + bytes > frameSize) {
    throw expected("E2BIG", `offset + the length of ${what}`, `at most frameSize (${frameSize})`, offset + bytes);
  }
  return bytes;
}

/** Refuses an `ahead` outside the ring. */
export function checkAhead(ahead: number, nframes: number): void {
  checkInteger("ahead", ahead, 0, nframes - 1);
}

/** Refuses a `count` of frames that no queue of this size could move. */
export function checkCount(count: number, nframes: number): void {
  checkInteger("count", count, 1, nframes);
}
