/**
 * The only module that says `Atomics` or builds a view of shared memory.
 *
 * It is a seam: everything above reaches shared memory through these functions, so a test can put a recorded or
 * simulated memory in their place and run the real code on it. Two kinds of access, never mixed on the same bytes:
 * control words ({@link Words}) by `Atomics` alone, payload bytes by plain copies alone.
 */

import { fillBytes, unref } from "./platform.ts";

/** Control words: 32-bit, touched only through the functions below. */
export type Words = Int32Array;

/** Views `length` control words of `buffer`, from `byteOffset` (a multiple of 4). */
export function wordsOf(buffer: SharedArrayBuffer, byteOffset: number, length: number): Words {
  return new Int32Array(buffer, byteOffset, length);
}

/** Views `length` payload bytes of `buffer`, from `byteOffset`. */
export function bytesOf(buffer: SharedArrayBuffer, byteOffset: number, length: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

export function load(words: Words, index: number): number {
  return Atomics.load(words, index);
}

export function store(words: Words, index: number, value: number): void {
  Atomics.store(words, index, value);
}

/** Returns the old value, as do all read-modify-write functions here. */
export function exchange(words: Words, index: number, value: number): number {
  return Atomics.exchange(words, index, value);
}

export function compareExchange(words: Words, index: number, expected: number, value: number): number {
  return Atomics.compareExchange(words, index, expected, value);
}

export function add(words: Words, index: number, value: number): number {
  return Atomics.add(words, index, value);
}

export function or(words: Words, index: number, bits: number): number {
  return Atomics.or(words, index, bits);
}

export function and(words: Words, index: number, bits: number): number {
  return Atomics.and(words, index, bits);
}

/** Wakes every thread and every promise that waits on the word. */
export function notify(words: Words, index: number): void {
  Atomics.notify(words, index);
}

/** Blocks the thread while the word holds `expected`, at most `timeout` ms. True: the whole timeout went by. */
export function wait(words: Words, index: number, expected: number, timeout: number): boolean {
  return Atomics.wait(words, index, expected, timeout) === "timed-out";
}

const atomics: { pause?: () => void } = Atomics as object;

/** Tells the processor that the thread spins, where the runtime can. */
export const pause: () => void = typeof atomics.pause === "function" ? () => atomics.pause?.() : () => undefined;

/** Whether this thread may block in {@link wait}: a browser's window thread may not. Does not allocate. */
export function mayBlock(words: Words, index: number): boolean {
  try {
    Atomics.wait(words, index, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** How often a runtime without `Atomics.waitAsync` looks at a word, in ms. */
const LOOK_EVERY = 1;

/** Resolves once the word may no longer hold `expected`. Undefined: it already does not. */
export function waitAsync(words: Words, index: number, expected: number): Promise<unknown> | undefined {
  if (typeof Atomics.waitAsync === "function") {
    const result = Atomics.waitAsync(words, index, expected);
    return result.async ? result.value : undefined;
  }
  if (Atomics.load(words, index) !== expected) return undefined;
  return new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (Atomics.load(words, index) === expected) return;
      clearInterval(timer);
      resolve();
    }, LOOK_EVERY);
    unref(timer);
  });
}

/*
 * Copies. `set` moves shared memory by words if both places are aligned to 8 bytes, and byte by byte otherwise; `fill` of typed
 * arrays always goes byte by byte.
 */

/** `set` of all typed arrays. As a property of the array V8 looks it up each time. */
const { set } = Uint8Array.prototype;

/** Up to this many bytes a loop is faster than a copy that needs a view of its own. */
const SHORT = 64;
/** From so many bytes on {@link fillBytes} is faster than `set`. */
const LONG: number = fillBytes ? 8192 : Number.POSITIVE_INFINITY;
const WORD = 8;

/** Copies the first `length` bytes of `source`, at least {@link LONG}, to `target` from `at` on. */
function copyLong(target: Uint8Array, at: number, source: Uint8Array, length: number): void {
  fillBytes?.call(target, source, at, at + length);
}

/** Copies all of `source` to `target` from `at` on; fast if both are aligned, or it is long. */
function copyAll(target: Uint8Array, at: number, source: Uint8Array): void {
  if (source.length >= LONG) copyLong(target, at, source, source.length);
  else set.call(target, source, at);
}

/** What was asked last, kept until another is: V8 of Node.js 20 calls a function for `byteOffset`. */
const last: { array: Uint8Array | undefined; aligned: boolean } = { array: undefined, aligned: false };

/** Whether an array begins at a multiple of 8 bytes. */
function isAligned(array: Uint8Array): boolean {
  if (array !== last.array) {
    last.array = array;
    last.aligned = array.byteOffset % WORD === 0;
  }
  return last.aligned;
}

/** Longest frame that takes a detour if the caller's bytes are not aligned: the place of the detour is kept. */
const MAX_DETOUR = 65_536;
/** What frame sizes are multiples of: no place is kept for a message of another length. */
const FRAME_UNIT = 64;
/** An aligned place for a frame, by its size. */
const detours = new Map<number, Uint8Array>();

/** Copies all of `source` to `target` from `at` on, with a detour by an aligned place. */
function copyByDetour(target: Uint8Array, at: number, source: Uint8Array): void {
  const { length } = source;
  let detour = detours.get(length);
  if (!detour) {
    if (length > MAX_DETOUR || length % FRAME_UNIT !== 0) {
      set.call(target, source, at);
      return;
    }
    detour = new Uint8Array(length);
    detours.set(length, detour);
  }
  set.call(detour, source);
  set.call(target, detour, at);
}

/** Copies the first `length` bytes of `source` to `target` from `at` on. */
export function copyIn(target: Uint8Array, at: number, source: Uint8Array, length: number): void {
  if (length >= LONG) {
    copyLong(target, at, source, length);
  } else if (length === source.length) {
    if (length > SHORT && !isAligned(source)) copyByDetour(target, at, source);
    else set.call(target, source, at);
  } else if (length <= SHORT) {
    for (let i = 0; i < length; i++) target[at + i] = source[i] as number;
  } else {
    set.call(target, source.subarray(0, length), at);
  }
}

/** Copies a whole frame to the start of `target`; reads each byte once. */
export function copyFrame(target: Uint8Array, frame: Uint8Array): void {
  const { length } = frame;
  if (length >= LONG) copyLong(target, 0, frame, length);
  else if (length > SHORT && !isAligned(target)) copyByDetour(target, 0, frame);
  else set.call(target, frame);
}

/** Copies `length` bytes of `source`, some but not all of it, from `at` on, to the start of `target`; reads each byte once. */
export function copyOut(target: Uint8Array, source: Uint8Array, at: number, length: number): void {
  if (length <= SHORT) {
    for (let i = 0; i < length; i++) target[i] = source[at + i] as number;
  } else {
    copyAll(target, 0, source.subarray(at, at + length));
  }
}

/**
 * Writes one byte of each `step` between `from` and `to` back as it was, and so takes their cache lines from other cores: all at
 * the same time, as nothing between two of them waits.
 */
export function claim(bytes: Uint8Array, from: number, to: number, step: number): void {
  for (let at = from; at < to; at += step) bytes[at] = bytes[at] as number;
}

/** Up to this many bytes `fill` is as fast as copies of zeros. */
const FEW = 256;
/** Binary logarithm of the most bytes that are zeroed at once. */
const MAX_ZEROS = 16;
/** `zeros[i]` is 2^i zeros to copy from. */
const zeros: Uint8Array[] = [];

function zerosOf(exponent: number): Uint8Array {
  zeros[exponent] ??= new Uint8Array(2 ** exponent);
  return zeros[exponent];
}

/** Zeroes `bytes` from `from` to before `to`; `bytes` and `to` are aligned. */
export function zero(bytes: Uint8Array, from: number, to: number): void {
  if (to - from <= FEW) {
    if (from < to) bytes.fill(0, from, to);
    return;
  }
  let at = from;
  for (; at % WORD !== 0; at++) bytes[at] = 0;
  for (; to - at > 2 ** MAX_ZEROS; at += 2 ** MAX_ZEROS) copyAll(bytes, at, zerosOf(MAX_ZEROS));
  // What is left is covered by two copies that may overlap.
  const block = zerosOf(31 - Math.clz32(to - at));
  copyAll(bytes, at, block);
  if (at + block.length < to) copyAll(bytes, to - block.length, block);
}
