/** What outliver.mjs and its victims agree on. */

/** The message of an error that is thrown on purpose. */
export const PURPOSE = "on purpose";

/** Flags of a victim: it has started, and waits for its turn; it may go on. */
export const READY = 0;
export const GO = 1;

/** ms, by a clock that all threads share. */
export function clock() {
  return Number(process.hrtime.bigint()) / 1e6;
}
