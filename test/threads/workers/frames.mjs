/** Frames that can be verified: a sequence number, filler that follows from it, and a checksum. */

/** Bytes of a frame, as in all tests here. */
export const FRAME_SIZE = 64;

/** A sequence number that no stream reaches. */
export const COMMAND = 0xffffffff;

/** Sequence number of the first frame of a last will. */
export const WILL = 0x80000000;

const LAST = FRAME_SIZE / 4 - 1;

/** The frame as words. */
export function wordsOf(frame) {
  return new Uint32Array(frame.buffer, frame.byteOffset, LAST + 1);
}

/** Writes frame number `seq`. */
export function fill(words, seq) {
  let sum = seq;
  words[0] = seq;
  for (let i = 1; i < LAST; i++) {
    const filler = Math.imul(seq + i, 0x9e3779b1);
    words[i] = filler;
    sum = (Math.imul(sum, 31) + filler) | 0;
  }
  words[LAST] = sum;
}

/** Throws unless the words are those of frame number `seq`. */
export function check(words, seq) {
  let sum = words[0];
  for (let i = 1; i < LAST; i++) sum = (Math.imul(sum, 31) + words[i]) | 0;
  if (words[0] === seq && words[LAST] === sum >>> 0) return;
  throw new Error(`expected frame ${seq}, got ${words[0]}: ${words[LAST] === sum >>> 0 ? "intact" : "torn"}`);
}
