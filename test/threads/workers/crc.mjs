/** Messages of random length, each with its CRC-32, sequence number and length; as frames.mjs, for a frame of any size. */
import { crc32 } from "node:zlib";

/** Words of a message: CRC-32 of all that follows it, sequence number, length in bytes; then filler. */
const CRC = 0;
const SEQ = 1;
const LENGTH = 2;
const FILLER = 3;

let random = 0x9e3779b9;

/** The next random word (xorshift). */
function next() {
  random ^= random << 13;
  random ^= random >>> 17;
  random ^= random << 5;
  return random >>> 0;
}

/** Where the random choices of this thread begin. */
export function start(seed) {
  random = Math.imul(seed, 2) | 1;
}

/** The frame as words. */
export function wordsOf(frame) {
  return new Uint32Array(frame.buffer, frame.byteOffset, frame.byteLength / 4);
}

/** The bytes of a message but its CRC-32. */
function body(words, length) {
  return new Uint8Array(words.buffer, words.byteOffset + 4, length - 4);
}

/** Writes message number `seq`. Its length. */
export function fill(words, seq) {
  const length = 4 * FILLER + (next() % (words.byteLength - 4 * FILLER + 1));
  words[SEQ] = seq;
  words[LENGTH] = length;
  for (let i = FILLER; 4 * i < length; i++) words[i] = next();
  words[CRC] = crc32(body(words, length));
  return length;
}

/** Throws unless the words are those of message number `seq`. */
export function check(words, seq) {
  const length = words[LENGTH];
  const isPossible = length >= 4 * FILLER && length <= words.byteLength;
  if (isPossible && words[SEQ] === seq && words[CRC] === crc32(body(words, length))) return;
  throw new Error(`expected message ${seq}, got ${words[SEQ]} of ${length} bytes, CRC-32 ${words[CRC]}`);
}
