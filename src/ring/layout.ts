/**
 * One queue in shared memory (SPEC §2), bit for bit the Linux kernel's. All words are little-endian 32-bit.
 *
 * ```text
 *        0x00      0x04                 0x40              0x80
 *         ├─────────┼──────── … ─────────┼─────── … ───────┼─────────┬─────────┬── … ──┐
 *         │tx.count │tx.state            │rx.count         │ frame 0 │ frame 1 │       │
 *         └─────────┴──────── … ─────────┴─────── … ───────┴─────────┴─────────┴── … ──┘
 * writer:  transmitter (one cache line)   receiver (one)    transmitter, frameSize bytes each
 * ```
 */
import { expected, IvcError, show } from "../errors.ts";
import { bytesOf, type Words, wordsOf } from "../memory.ts";

/** What cores hand to each other at once, in bytes. */
export const CACHE_LINE = 64;
/** What every queue base and every frame size is a multiple of, in bytes. */
const ALIGN = CACHE_LINE;
/** Bytes before frame 0. */
const HEADER_SIZE = 0x80;

/** Word index of the count of frames ever published; its only writer is the transmitter. */
export const TX_COUNT: number = 0x00 / 4;
/** Word index of the transmitting endpoint's connection state; its only writer is the transmitter. */
export const TX_STATE: number = 0x04 / 4;
/** Word index of the count of frames ever consumed; its only writer is the receiver. */
export const RX_COUNT: number = 0x40 / 4;

/** Connection states, as stored in `tx.state` (SPEC §2). */
export const ESTABLISHED = 0;
export const SYNC = 1;
export const ACK = 2;

const MAX_FRAME_SIZE = 2 ** 31 - 1;
const MAX_FRAME_BYTES = 2 ** 32;

/** Bytes that one queue takes: header and frames. Always a multiple of 64. */
export function queueSize(nframes: number, frameSize: number): number {
  return HEADER_SIZE + nframes * frameSize;
}

/** Refuses a geometry that breaks a rule of SPEC §2, in the order given there. */
export function checkGeometry(nframes: number, frameSize: number): void {
  checkPositive("nframes", nframes);
  checkPositive("frameSize", frameSize);
  if (frameSize > MAX_FRAME_SIZE) throw expected("E2BIG", "frameSize", `at most ${MAX_FRAME_SIZE}`, frameSize);
  if (nframes * frameSize >= MAX_FRAME_BYTES) {
    throw new IvcError(
      "EINVAL",
      `expected nframes × frameSize to be below ${MAX_FRAME_BYTES}, got ${nframes} × ${frameSize}`,
    );
  }
  if (frameSize % ALIGN !== 0) {
    const next = Math.ceil(frameSize / ALIGN) * ALIGN;
    throw expected("EINVAL", "frameSize", `a multiple of ${ALIGN} (the next one is ${next})`, frameSize);
  }
}

function checkPositive(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw expected("EINVAL", what, "a positive integer", value);
}

/** Where a queue lies. */
export interface QueuePlace {
  /** The shared memory it lies in: also that of a shared `WebAssembly.Memory`. */
  readonly buffer: SharedArrayBuffer;
  /** Offset of its header in `buffer`, in bytes: a multiple of 64. */
  readonly byteOffset: number;
}

/** Refuses queues that are misaligned, overlap, or lie outside their buffer (SPEC §2). */
export function checkPlaces(rx: QueuePlace, tx: QueuePlace, size: number): void {
  checkBase("rx", rx);
  checkBase("tx", tx);
  if (rx.buffer === tx.buffer && Math.abs(rx.byteOffset - tx.byteOffset) < size) {
    throw new IvcError(
      "EINVAL",
      `expected the rx and tx queues not to overlap, got ${size} bytes each at ${rx.byteOffset} and ${tx.byteOffset}`,
    );
  }
  checkInside("rx", rx, size);
  checkInside("tx", tx, size);
}

function checkBase(name: string, place: QueuePlace): void {
  if (Object.prototype.toString.call(place?.buffer) !== "[object SharedArrayBuffer]") {
    throw expected("EINVAL", `${name}.buffer`, "a SharedArrayBuffer", place?.buffer);
  }
  if (!Number.isInteger(place.byteOffset) || place.byteOffset % ALIGN !== 0) {
    throw expected("EINVAL", `${name}.byteOffset`, `a multiple of ${ALIGN}`, place.byteOffset);
  }
}

function checkInside(name: string, place: QueuePlace, size: number): void {
  if (place.byteOffset < 0 || place.byteOffset + size > place.buffer.byteLength) {
    throw new IvcError(
      "EINVAL",
      `expected the ${name} queue to lie inside its buffer, got ${size} bytes at ${show(place.byteOffset)} of ${place.buffer.byteLength}`,
    );
  }
}

/** The views of one queue: its header's words, and its frames. */
export class Queue {
  /** The header. */
  readonly words: Words;
  /** All frames, one after the other. */
  readonly frames: Uint8Array;
  /** Number of slots. */
  readonly nframes: number;
  /** Bytes in a slot. */
  readonly frameSize: number;
  /** A view of each slot, made when it is first asked for. */
  private views: (Uint8Array | undefined)[] | undefined;
  private readonly place: QueuePlace;

  constructor(place: QueuePlace, nframes: number, frameSize: number) {
    this.words = wordsOf(place.buffer, place.byteOffset, HEADER_SIZE / 4);
    this.frames = bytesOf(place.buffer, place.byteOffset + HEADER_SIZE, nframes * frameSize);
    this.nframes = nframes;
    this.frameSize = frameSize;
    this.place = place;
  }

  /** The slot at `position` as bytes on shared memory; always the same view. */
  frame(position: number): Uint8Array {
    return this.views?.[position] ?? this.makeView(position);
  }

  private makeView(position: number): Uint8Array {
    const { buffer, byteOffset } = this.place;
    const view = bytesOf(buffer, byteOffset + HEADER_SIZE + position * this.frameSize, this.frameSize);
    this.views ??= new Array<Uint8Array | undefined>(this.nframes);
    this.views[position] = view;
    return view;
  }
}
