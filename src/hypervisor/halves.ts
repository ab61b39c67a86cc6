/** The halves of a reserved endpoint: the ring layer's verbs, unless the endpoint is in loopback or unreserved. */
import { checkBytes } from "../errors.ts";
import { checkAhead, checkCount, checkRange, checkWrite } from "../ring/arguments.ts";
import type { RxHalf } from "../ring/rx.ts";
import type { TxHalf } from "../ring/tx.ts";
import type { IvcCookie } from "./cookie.ts";
import {
  type AsyncWaitOptions,
  READABLE,
  type WaitOptions,
  type WaitOutcome,
  WRITABLE,
  waitFor,
  waitForAsync,
} from "./waits.ts";

/** What the verbs of the halves do: the ring layer's work, */
export const NORMAL = 0;
/** nothing but check their arguments, */
export const LOOPBACK = 1;
/** or throw. */
export const UNRESERVED = 2;

/**
 * The transmitting half of a reserved endpoint. Its verbs are those of {@link TxHalf}, and throw an {@link IvcError}
 * EPERM once the endpoint is no longer reserved. In loopback they accept and ignore what they are given (SPEC §6).
 */
export class CookieTx {
  /** Number of slots of the queue. */
  readonly nframes: number;
  /** Bytes in a frame. */
  readonly frameSize: number;
  private readonly half: TxHalf;
  private readonly cookie: IvcCookie;
  /** What `getNextFrame` hands out in loopback. */
  private scratch: Uint8Array | undefined;

  /** @internal */
  constructor(cookie: IvcCookie, half: TxHalf) {
    this.nframes = half.nframes;
    this.frameSize = half.frameSize;
    this.half = half;
    this.cookie = cookie;
  }

  /** {@inheritDoc TxHalf.write} */
  write(data: Uint8Array, length?: number): boolean {
    if (this.cookie.mode === NORMAL) return this.half.write(data, length);
    this.cookie.checkReserved();
    checkWrite(data, length, this.frameSize);
    return this.cookie.established;
  }

  /** {@inheritDoc TxHalf.poke} */
  poke(data: Uint8Array, offset = 0, length?: number): boolean {
    if (this.cookie.mode === NORMAL) return this.half.poke(data, offset, length);
    this.cookie.checkReserved();
    checkRange("data", data, offset, length, this.frameSize);
    return this.cookie.established;
  }

  /** {@inheritDoc TxHalf.getNextFrame} */
  getNextFrame(ahead = 0): Uint8Array | undefined {
    if (this.cookie.mode === NORMAL) return this.half.getNextFrame(ahead);
    this.cookie.checkReserved();
    checkAhead(ahead, this.nframes);
    if (!this.cookie.established) return undefined;
    this.scratch ??= new Uint8Array(this.frameSize);
    return this.scratch;
  }

  /** {@inheritDoc TxHalf.advance} */
  advance(count = 1): boolean {
    if (this.cookie.mode === NORMAL) return this.half.advance(count);
    this.cookie.checkReserved();
    checkCount(count, this.nframes);
    return this.cookie.established;
  }

  /** {@inheritDoc TxHalf.canWrite} */
  canWrite(): boolean {
    if (this.cookie.mode === NORMAL) return this.half.canWrite();
    this.cookie.checkReserved();
    return this.cookie.established;
  }

  /** {@inheritDoc TxHalf.isEmpty} */
  isEmpty(): boolean {
    this.cookie.checkReserved();
    return this.half.isEmpty();
  }

  /** {@inheritDoc TxHalf.framesAvailable} */
  framesAvailable(): number {
    if (this.cookie.mode === NORMAL) return this.half.framesAvailable();
    this.cookie.checkReserved();
    return this.cookie.established ? this.nframes : 0;
  }

  /** {@inheritDoc TxHalf.isOverfull} */
  isOverfull(): boolean {
    this.cookie.checkReserved();
    return this.half.isOverfull();
  }

  /**
   * Blocks the thread until a frame can be written (SPEC §8). Spins briefly, then parks; a peer's death ends it at once. It
   * runs the reset step of every line that rings on the guest, but calls no handlers: their lines stay pending. To fill
   * more than one frame, wait for one, then write while there is room. Does not allocate.
   *
   * @param timeout - longest wait, in ms: 0…2^31 − 1; 0 only looks
   * @param options - how long to spin
   * @returns how it ended: never `"aborted"`
   * @throws {@link IvcError} EINVAL for a bad argument, on a channel of a guest with itself, or on a thread that may not
   * block (a browser's window): use {@link waitWritableAsync} there
   */
  waitWritable(timeout: number, options?: WaitOptions): WaitOutcome {
    return waitFor(this.cookie, WRITABLE, timeout, options, "waitWritableAsync");
  }

  /**
   * Waits on the event loop until a frame can be written (SPEC §8). Otherwise as {@link waitWritable}. Keeps a Node.js
   * process alive until it ends. If the guest listens, its handlers go on being called.
   *
   * @param timeout - longest wait, in ms: 0…2^31 − 1; 0 only looks
   * @param options - how long to spin, and a signal that ends the wait
   * @returns how it ended; does not reject
   * @throws {@link IvcError} EINVAL for a bad argument
   */
  waitWritableAsync(timeout: number, options?: AsyncWaitOptions): Promise<WaitOutcome> {
    return waitForAsync(this.cookie, WRITABLE, timeout, options);
  }
}

/**
 * The receiving half of a reserved endpoint. Its verbs are those of {@link RxHalf}, and throw an {@link IvcError} EPERM
 * once the endpoint is no longer reserved. In loopback they find nothing (SPEC §6).
 */
export class CookieRx {
  /** Number of slots of the queue. */
  readonly nframes: number;
  /** Bytes in a frame. */
  readonly frameSize: number;
  private readonly half: RxHalf;
  private readonly cookie: IvcCookie;

  /** @internal */
  constructor(cookie: IvcCookie, half: RxHalf) {
    this.nframes = half.nframes;
    this.frameSize = half.frameSize;
    this.half = half;
    this.cookie = cookie;
  }

  /** {@inheritDoc RxHalf.read} */
  read(into: Uint8Array, length?: number): boolean {
    if (this.cookie.mode === NORMAL) return this.half.read(into, length);
    this.cookie.checkReserved();
    checkBytes("into", into, length);
    return false;
  }

  /** {@inheritDoc RxHalf.peek} */
  peek(into: Uint8Array, offset = 0, length?: number): boolean {
    if (this.cookie.mode === NORMAL) return this.half.peek(into, offset, length);
    this.cookie.checkReserved();
    checkRange("into", into, offset, length, this.frameSize);
    return false;
  }

  /** {@inheritDoc RxHalf.getNextFrame} */
  getNextFrame(ahead = 0): Uint8Array | undefined {
    if (this.cookie.mode === NORMAL) return this.half.getNextFrame(ahead);
    this.cookie.checkReserved();
    checkAhead(ahead, this.nframes);
    return undefined;
  }

  /** {@inheritDoc RxHalf.advance} */
  advance(count = 1): boolean {
    if (this.cookie.mode === NORMAL) return this.half.advance(count);
    this.cookie.checkReserved();
    checkCount(count, this.nframes);
    return false;
  }

  /** {@inheritDoc RxHalf.canRead} */
  canRead(): boolean {
    if (this.cookie.mode === NORMAL) return this.half.canRead();
    this.cookie.checkReserved();
    return false;
  }

  /** {@inheritDoc RxHalf.framesAvailable} */
  framesAvailable(): number {
    if (this.cookie.mode === NORMAL) return this.half.framesAvailable();
    this.cookie.checkReserved();
    return 0;
  }

  /** {@inheritDoc RxHalf.isOverfull} */
  isOverfull(): boolean {
    this.cookie.checkReserved();
    return this.half.isOverfull();
  }

  /**
   * Blocks the thread until a frame can be read (SPEC §8). Spins briefly, then parks; a peer's death ends it at once, but
   * only after every frame it published has been read. It runs the reset step of every line that rings on the guest, but
   * calls no handlers: their lines stay pending. Wait for one frame, then read all that are there. Does not allocate.
   *
   * @param timeout - longest wait, in ms: 0…2^31 − 1; 0 only looks
   * @param options - how long to spin
   * @returns how it ended: never `"aborted"`
   * @throws {@link IvcError} EINVAL for a bad argument, on a channel of a guest with itself, or on a thread that may not
   * block (a browser's window): use {@link waitReadableAsync} there
   */
  waitReadable(timeout: number, options?: WaitOptions): WaitOutcome {
    return waitFor(this.cookie, READABLE, timeout, options, "waitReadableAsync");
  }

  /**
   * Waits on the event loop until a frame can be read (SPEC §8). Otherwise as {@link waitReadable}. Keeps a Node.js
   * process alive until it ends. If the guest listens, its handlers go on being called.
   *
   * @param timeout - longest wait, in ms: 0…2^31 − 1; 0 only looks
   * @param options - how long to spin, and a signal that ends the wait
   * @returns how it ended; does not reject
   * @throws {@link IvcError} EINVAL for a bad argument
   */
  waitReadableAsync(timeout: number, options?: AsyncWaitOptions): Promise<WaitOutcome> {
    return waitForAsync(this.cookie, READABLE, timeout, options);
  }
}
