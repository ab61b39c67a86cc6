/** The receiving half of an endpoint: it owns `rx.count` of its queue. */
import { checkBytes } from "../errors.ts";
import { copyFrame, copyOut, load, store } from "../memory.ts";
import { checkAhead, checkCount, checkRange } from "./arguments.ts";
import type { Bell } from "./bell.ts";
import { ESTABLISHED, type Queue, RX_COUNT, TX_COUNT } from "./layout.ts";
import type { Link } from "./link.ts";

/**
 * The receiving half of an endpoint. Only the thread that owns the endpoint may call it.
 *
 * Every verb answers at once, and *not now* (queue empty, or link not ESTABLISHED) is a return value. `canRead() === true`
 * stays true until you consume or the link resets; `false` may turn true at any time.
 */
export class RxHalf {
  /** Number of slots of the queue. */
  readonly nframes: number;
  /** Bytes in a frame. */
  readonly frameSize: number;
  private readonly queue: Queue;
  private readonly link: Link;
  private readonly bell: Bell | undefined;
  /** Frames ever consumed, as a 32-bit integer; `rx.count` is its copy for the peer. */
  private count: number;
  /** @internal Slot of the oldest frame: 0…nframes − 1. */
  position: number;
  /** `tx.count` as last loaded: may be behind, never ahead of, what an honest peer has published. */
  private peerCount: number;

  /** @internal */
  constructor(queue: Queue, link: Link, bell: Bell | undefined, position: number | undefined) {
    this.nframes = queue.nframes;
    this.frameSize = queue.frameSize;
    this.queue = queue;
    this.link = link;
    this.bell = bell;
    this.count = load(queue.words, RX_COUNT);
    this.position = position ?? (this.count >>> 0) % queue.nframes;
    this.peerCount = this.count;
  }

  /**
   * Copies from the oldest frame and consumes it; what does not fit is discarded (SPEC §4). Whole frames are copied without
   * allocation once every slot has been used, and up to 64 bytes always; else it takes one short-lived view. Rings the peer
   * if the queue was full just before.
   *
   * @param into - takes min(length, frameSize) bytes; beyond them it is left as it is
   * @param length - the most to copy: 0…into.byteLength, which is the default
   * @returns true: one frame consumed; false: not now, and nothing changed
   * @throws {@link IvcError} EINVAL for a bad `into` or `length`; whatever the state
   */
  read(into: Uint8Array, length?: number): boolean {
    const bytes = checkBytes("into", into, length);
    if (!this.hasFrames(1)) return false;
    this.copyOut(into, 0, Math.min(bytes, this.frameSize));
    this.consume(1);
    return true;
  }

  /**
   * Copies bytes of the oldest frame without consuming it (SPEC §4). Allocates as {@link read} does. Never rings.
   *
   * @param into - takes the bytes
   * @param offset - where in the frame they begin, in bytes: an integer ≥ 0; the range must end within the frame
   * @param length - how many bytes: 0…into.byteLength, which is the default; 0 still needs a frame to answer true
   * @returns true: copied; false: not now, and nothing changed
   * @throws {@link IvcError} EINVAL for a bad argument, E2BIG for a range beyond the frame; whatever the state
   */
  peek(into: Uint8Array, offset = 0, length?: number): boolean {
    const bytes = checkRange("into", into, offset, length, this.frameSize);
    if (!this.hasFrames(1)) return false;
    this.copyOut(into, offset, bytes);
    return true;
  }

  /**
   * The oldest frame, or one further on, in place: no copy, and no allocation once every slot has been used. The same
   * frame is returned until {@link advance}. A hostile peer can change these bytes at any time: copy what you check. A
   * frame held across a reset of the link ({@link IvcChannel.session} changed) is void: it may hold anything.
   *
   * @param ahead - how many frames after the oldest: 0…nframes − 1
   * @returns the frame, frameSize bytes on shared memory; undefined: not now
   * @throws {@link IvcError} EINVAL if `ahead` is out of range
   */
  getNextFrame(ahead = 0): Uint8Array | undefined {
    if (ahead !== 0) checkAhead(ahead, this.nframes);
    if (!this.hasFrames(ahead + 1)) return undefined;
    const position = this.position + ahead;
    return this.queue.frame(position < this.nframes ? position : position - this.nframes);
  }

  /**
   * Consumes the oldest `count` frames, with one store of the counter (SPEC §4); their memory is the peer's again. Does
   * not allocate. Rings the peer if the queue was full just before.
   *
   * @param count - how many frames: 1…nframes
   * @returns true: consumed; false: fewer are waiting or the link is down, and nothing changed
   * @throws {@link IvcError} EINVAL if `count` is out of range
   */
  advance(count = 1): boolean {
    if (count !== 1) checkCount(count, this.nframes);
    if (!this.hasFrames(count)) return false;
    this.consume(count);
    return true;
  }

  /** Whether a frame is waiting and the link is ESTABLISHED. Does not allocate. */
  canRead(): boolean {
    return this.hasFrames(1);
  }

  /**
   * How many frames are waiting, by a fresh look: 0…nframes, and 0 while the link is not ESTABLISHED or the queue is
   * over-full. It may grow at any time; it shrinks only when you consume or the link resets. Does not allocate.
   */
  framesAvailable(): number {
    if (this.link.state !== ESTABLISHED) return 0;
    const used = this.used();
    return used <= this.nframes ? used : 0;
  }

  /**
   * Whether more frames are in use than there are slots, by a fresh look: only a broken or hostile peer can make it so,
   * nothing moves then, and a reset mends it (SPEC §3). Ignores the connection state. Does not allocate.
   */
  isOverfull(): boolean {
    return this.used() > this.nframes;
  }

  /** @internal The peer's count, freshly loaded. */
  loadPeerCount(): number {
    return load(this.queue.words, TX_COUNT);
  }

  /** @internal Frames ever consumed, as a 32-bit integer. */
  get consumed(): number {
    return this.count;
  }

  /** @internal Own part of the clear of SPEC §5. */
  clear(): void {
    this.count = 0;
    this.position = 0;
    this.dropCache();
    store(this.queue.words, RX_COUNT, 0); // SYNC clear
  }

  /** @internal Forgets the peer's count, so that the queue seems empty until it is loaded again. */
  dropCache(): void {
    this.peerCount = this.count;
  }

  /** @internal */
  dump(): { txCount: number; rxCount: number; position: number } {
    return { txCount: this.loadPeerCount() >>> 0, rxCount: this.count >>> 0, position: this.position };
  }

  private used(): number {
    return (load(this.queue.words, TX_COUNT) - this.count) >>> 0;
  }

  private hasFrames(frames: number): boolean {
    if (this.link.state !== ESTABLISHED) return false;
    let used = (this.peerCount - this.count) >>> 0;
    if (used >= frames && used <= this.nframes) return true;
    this.peerCount = load(this.queue.words, TX_COUNT); // SYNC publish
    used = (this.peerCount - this.count) >>> 0;
    return used >= frames && used <= this.nframes;
  }

  private copyOut(into: Uint8Array, offset: number, length: number): void {
    if (length === this.frameSize) copyFrame(into, this.queue.frame(this.position));
    else copyOut(into, this.queue.frames, this.position * this.frameSize + offset, length);
  }

  private consume(frames: number): void {
    const count = (this.count + frames) | 0;
    const position = this.position + frames;
    this.count = count;
    this.position = position < this.nframes ? position : position - this.nframes;
    store(this.queue.words, RX_COUNT, count); // SYNC consume
    if (this.bell?.wanted()) {
      this.peerCount = load(this.queue.words, TX_COUNT); // SYNC publish
      const used = (this.peerCount - count) >>> 0;
      if (used >= this.nframes - frames && used <= this.nframes - 1) this.bell.ring();
    }
  }
}
