/** The checks of what callers pass to the halves (SPEC §4); each throws, and comes before any look at the state. */
import { checkBytes, checkInteger, expected } from "../errors.ts";

/** Refuses data that `write` does not take. */
export function checkWrite(data: Uint8Array, frameSize: number): void {
  checkBytes("data", data);
  if (data.byteLength > frameSize) {
    throw expected("E2BIG", "data.byteLength", `at most frameSize (${frameSize})`, data.byteLength);
  }
}

/** Refuses a range that `poke` or `peek` does not take. */
export function checkRange(what: string, bytes: Uint8Array, offset: number, frameSize: number): void {
  checkBytes(what, bytes);
  checkInteger("offset", offset, 0, Number.MAX_SAFE_INTEGER);
  if (offset + bytes.byteLength > frameSize) {
    const end = offset + bytes.byteLength;
    throw expected("E2BIG", `offset + ${what}.byteLength`, `at most frameSize (${frameSize})`, end);
  }
}

/** Refuses an `ahead` outside the ring. */
export function checkAhead(ahead: number, nframes: number): void {
  checkInteger("ahead", ahead, 0, nframes - 1);
}

/** Refuses a `count` of frames that no queue of this size could move. */
export function checkCount(count: number, nframes: number): void {
  checkInteger("count", count, 1, nframes);
}
