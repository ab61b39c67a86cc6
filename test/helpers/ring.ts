/** Rigs for tests of the ring layer: queues as raw memory, by the offsets of SPEC §2, and endpoints on them. */
import { expect } from "vitest";
import { IvcChannel, IvcError, type RxHalf, type TxHalf } from "../../src/index.ts";

/** Offsets in a queue (SPEC §2). Not taken from src: they are what the tests hold src against. */
export const OFFSETS = { txCount: 0x00, txState: 0x04, rxCount: 0x40, frames: 0x80 } as const;

/** Connection states on the wire (SPEC §2). */
export const ESTABLISHED = 0;
export const SYNC = 1;
export const ACK = 2;

/** Where the first queue of a rig lies, and how many bytes no queue owns follow each queue. */
const BASE = 0x80;
const GAP = 64;

/** One queue as the other end, or a debugger, sees it. */
export class RawQueue {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  private readonly nframes: number;
  private readonly frameSize: number;

  constructor(buffer: SharedArrayBuffer, byteOffset: number, nframes: number, frameSize: number) {
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.nframes = nframes;
    this.frameSize = frameSize;
  }

  get txCount(): number {
    return this.word(OFFSETS.txCount).getUint32(0, true);
  }
  set txCount(value: number) {
    this.word(OFFSETS.txCount).setUint32(0, value, true);
  }
  get txState(): number {
    return this.word(OFFSETS.txState).getUint32(0, true);
  }
  set txState(value: number) {
    this.word(OFFSETS.txState).setUint32(0, value, true);
  }
  get rxCount(): number {
    return this.word(OFFSETS.rxCount).getUint32(0, true);
  }
  set rxCount(value: number) {
    this.word(OFFSETS.rxCount).setUint32(0, value, true);
  }

  /** Where slot `index` begins in the buffer. */
  frameOffset(index: number): number {
    return this.byteOffset + OFFSETS.frames + index * this.frameSize;
  }

  frame(index: number): Uint8Array {
    return new Uint8Array(this.buffer, this.frameOffset(index), this.frameSize);
  }

  /** Leaves `byte` everywhere in the frames, as an earlier lap might. */
  dirty(byte: number): void {
    for (let i = 0; i < this.nframes; i++) this.frame(i).fill(byte);
  }

  private word(offset: number): DataView {
    return new DataView(this.buffer, this.byteOffset + offset, 4);
  }
}

/** Values of the words of a queue; absent ones are 0. */
interface QueueWords {
  readonly txCount?: number;
  readonly txState?: number;
  readonly rxCount?: number;
}

/** How a rig is made. */
export interface Setup {
  readonly nframes: number;
  readonly frameSize?: number;
  /** Whether the endpoint has a `notify` function. Default true. */
  readonly notify?: boolean;
  /** What its queues hold before it opens. */
  readonly txWords?: QueueWords;
  readonly rxWords?: QueueWords;
}

/** An endpoint, with both its queues laid bare. */
export class End {
  readonly channel: IvcChannel;
  readonly tx: TxHalf;
  readonly rx: RxHalf;
  /** The queue it transmits in: it owns `txCount` and `txState`, the peer `rxCount`. */
  readonly txQueue: RawQueue;
  /** The queue it receives in: it owns `rxCount`, the peer the rest. */
  readonly rxQueue: RawQueue;
  /** All memory of the rig. */
  readonly bytes: Uint8Array;
  /** How often it has called `notify`. */
  rings = 0;
  /** What else a ring does. */
  onRing: (() => void) | undefined;

  constructor(txQueue: RawQueue, rxQueue: RawQueue, nframes: number, frameSize: number, notify: boolean) {
    const ring = (): void => {
      this.rings++;
      this.onRing?.();
    };
    this.txQueue = txQueue;
    this.rxQueue = rxQueue;
    this.bytes = new Uint8Array(txQueue.buffer);
    this.channel = new IvcChannel({
      rx: { buffer: rxQueue.buffer, byteOffset: rxQueue.byteOffset },
      tx: { buffer: txQueue.buffer, byteOffset: txQueue.byteOffset },
      nframes,
      frameSize,
      notify: notify ? ring : undefined,
    });
    this.tx = this.channel.tx;
    this.rx = this.channel.rx;
  }

  /** Lets the link come to `state`, as a peer with a mind of its own would. The counters are those after a clear. */
  enter(state: "sync" | "ack"): void {
    this.rxQueue.txState = state === "ack" ? SYNC : ESTABLISHED;
    if (state === "sync") this.channel.reset();
    else this.channel.notified();
  }
}

/** Opens an endpoint whose peer is raw memory: first its rx queue, then its tx queue, with bytes of nobody around them. */
export function openEnd(setup: Setup): End {
  const { nframes, frameSize = 64, notify = true, txWords, rxWords } = setup;
  const size = OFFSETS.frames + nframes * frameSize;
  const buffer = new SharedArrayBuffer(BASE + 2 * (size + GAP));
  const rxQueue = new RawQueue(buffer, BASE, nframes, frameSize);
  const txQueue = new RawQueue(buffer, BASE + size + GAP, nframes, frameSize);
  Object.assign(rxQueue, rxWords);
  Object.assign(txQueue, txWords);
  return new End(txQueue, rxQueue, nframes, frameSize, notify);
}

/** Opens the other end of an endpoint's channel. */
export function openPeer(end: End): End {
  const { nframes, frameSize } = end.channel;
  return new End(end.rxQueue, end.txQueue, nframes, frameSize, true);
}

/** `length` bytes from `first` on, each one more than the one before, none of them 0. */
export function message(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((first + i - 1) % 255) + 1);
}

/** The integers `from`…`to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, i) => from + i);
}

/** Compares memory byte by byte; quick while it is the same. */
export function expectBytes(bytes: Uint8Array, wanted: Uint8Array): void {
  if (Buffer.compare(bytes, wanted) !== 0) expect(bytes.slice()).toEqual(wanted.slice());
}

/** Runs a call that must leave every byte of shared memory as it is, and ring nobody. Its answer. */
export function unchanged<T>(end: End, call: () => T): T {
  const before = end.bytes.slice();
  const rings = end.rings;
  const answer = call();
  expectBytes(end.bytes, before);
  expect(end.rings, "rings").toBe(rings);
  return answer;
}

/** The error of a call that must throw. */
export function refusal(call: () => unknown): IvcError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(IvcError);
    return error as IvcError;
  }
  throw new Error("expected the call to throw");
}
