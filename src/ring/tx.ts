/** The transmitting half of an endpoint: it owns the frames of its queue and `tx.count`. */
import { claim, copyIn, load, store, zero } from "../memory.ts";
import { checkAhead, checkCount, checkRange, checkWrite } from "./arguments.ts";
import type { Bell } from "./bell.ts";
import { CACHE_LINE, ESTABLISHED, type Queue, RX_COUNT, TX_COUNT } from "./layout.ts";
import type { Link } from "./link.ts";

/** How many frames are claimed at once: enough to hide the way to a far core, few enough that the reader is not disturbed. */
const CLAIM = 32;
/** No slot: nothing is claimed. */
const NOWHERE = -1;

/**
 * The transmitting half of an endpoint. Only the thread that owns the endpoint may call it.
 *
 * Every verb answers at once, and *not now* (queue full, or link not ESTABLISHED) is a return value. `canWrite() === true`
 * stays true until you publish or the link resets; `false` may turn true at any time.
 */
export class TxHalf {
  /** Number of slots of the queue. */
  readonly nframes: number;
  /** Bytes in a frame. */
  readonly frameSize: number;
  private readonly queue: Queue;
  private readonly link: Link;
  private readonly bell: Bell | undefined;
  /** Frames ever published, as a 32-bit integer; `tx.count` is its copy for the peer. */
  private count: number;
  /** @internal Slot of the next frame: 0…nframes − 1. */
  position: number;
  /** `rx.count` as last loaded: may be behind, never ahead of, what an honest peer has consumed. */
  private peerCount: number;
  /**
   * The slot at which {@link write} claims the next frames, or {@link NOWHERE}: if frames are longer than a cache line, which
   * come as fast without, and once a frame was handed out, which others may be writing.
   */
  private claimAt: number;

  /** @internal */
  constructor(queue: Queue, link: Link, bell: Bell | undefined, position: number | undefined) {
    this.nframes = queue.nframes;
    this.frameSize = queue.frameSize;
    this.queue = queue;
    this.link = link;
    this.bell = bell;
    this.count = load(queue.words, TX_COUNT);
    this.position = position ?? (this.count >>> 0) % queue.nframes;
    this.peerCount = (this.count - queue.nframes) | 0;
    this.claimAt = queue.frameSize === CACHE_LINE ? 0 : NOWHERE;
  }

  /**
   * Copies one message into the next frame, zero-fills the rest of the frame and publishes it (SPEC §4). The length of
   * the message is not transmitted. Does not allocate, but for a short-lived view if `length` is above 64 and not all of
   * `data`. Rings the peer if the queue was empty just before.
   *
   * @param data - the message
   * @param length - its length, if it is not all of `data`: 0…data.byteLength, and at most frameSize
   * @returns true: published; false: not now, and nothing changed
   * @throws {@link IvcError} EINVAL for a bad `data` or `length`, E2BIG for more than a frame; whatever the state
   */
  write(data: Uint8Array, length?: number): boolean {
    const bytes = checkWrite(data, length, this.frameSize);
    if (!this.hasRoom(1)) return false;
    if (this.position === this.claimAt) this.claim();
    const start = this.position * this.frameSize;
    copyIn(this.queue.frames, start, data, bytes);
    if (bytes < this.frameSize) zero(this.queue.frames, start + bytes, start + this.frameSize);
    this.publish(1);
    return true;
  }

  /**
   * Copies bytes into the next frame without publishing it and without touching the rest of it (SPEC §4); call
   * {@link advance} to publish. Allocates as {@link write} does. Never rings.
   *
   * @param data - the bytes
   * @param offset - where in the frame they go, in bytes: an integer ≥ 0; the range must end within the frame
   * @param length - how many bytes, if not all of `data`: 0…data.byteLength
   * @returns true: copied; false: not now, and nothing changed
   * @throws {@link IvcError} EINVAL for a bad argument, E2BIG for a range beyond the frame; whatever the state
   */
  poke(data: Uint8Array, offset = 0, length?: number): boolean {
    const bytes = checkRange("data", data, offset, length, this.frameSize);
    if (!this.hasRoom(1)) return false;
    copyIn(this.queue.frames, this.position * this.frameSize + offset, data, bytes);
    return true;
  }

  /**
   * The next frame to fill, or one further on, in place: no copy, and no allocation once every slot has been used. The
   * frame holds bytes of an earlier lap, and nothing is published until {@link advance}. The peer can read, and a hostile
   * one write, these bytes at any time. A frame held across a reset of the link ({@link IvcChannel.session} changed) is
   * void: what is written to it then may appear in any later frame.
   *
   * @param ahead - how many slots after the next one: 0…nframes − 1
   * @returns the frame, frameSize bytes on shared memory; undefined: not now
   * @throws {@link IvcError} EINVAL if `ahead` is out of range
   */
  getNextFrame(ahead = 0): Uint8Array | undefined {
    if (ahead !== 0) checkAhead(ahead, this.nframes);
    if (!this.hasRoom(ahead + 1)) return undefined;
    this.claimAt = NOWHERE;
    const position = this.position + ahead;
    return this.queue.frame(position < this.nframes ? position : position - this.nframes);
  }

  /**
   * Publishes the next `count` frames as they are, with one store of the counter (SPEC §4). Does not allocate. Rings the
   * peer if the queue was empty just before.
   *
   * @param count - how many frames: 1…nframes
   * @returns true: published; false: fewer are free or the link is down, and nothing changed
   * @throws {@link IvcError} EINVAL if `count` is out of range
   */
  advance(count = 1): boolean {
    if (count !== 1) checkCount(count, this.nframes);
    if (!this.hasRoom(count)) return false;
    this.publish(count);
    return true;
  }

  /** Whether a frame can be written: there is room and the link is ESTABLISHED. Does not allocate. */
  canWrite(): boolean {
    return this.hasRoom(1);
  }

  /**
   * Whether the peer has consumed everything published, by a fresh look. Ignores the connection state; an over-full
   * queue counts as empty (SPEC §3). True stays true until you publish or the link resets. Does not allocate.
   */
  isEmpty(): boolean {
    const used = this.used();
    return used === 0 || used > this.nframes;
  }

  /**
   * How many frames can be published at once, by a fresh look: 0…nframes, and 0 while the link is not ESTABLISHED. It may
   * grow at any time; it shrinks only when you publish or the link resets. Does not allocate.
   */
  framesAvailable(): number {
    if (this.link.state !== ESTABLISHED) return 0;
    return Math.max(this.nframes - this.used(), 0);
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
    return load(this.queue.words, RX_COUNT);
  }

  /** @internal Frames ever published, as a 32-bit integer. */
  get published(): number {
    return this.count;
  }

  /** @internal Own part of the clear of SPEC §5. */
  clear(): void {
    this.count = 0;
    this.position = 0;
    this.dropCache();
    store(this.queue.words, TX_COUNT, 0); // SYNC clear
  }

  /** @internal Forgets the peer's count, so that the queue seems full until it is loaded again. */
  dropCache(): void {
    this.peerCount = (this.count - this.nframes) | 0;
  }

  /** @internal */
  dump(): { txCount: number; rxCount: number; position: number } {
    return { txCount: this.count >>> 0, rxCount: this.loadPeerCount() >>> 0, position: this.position };
  }

  private used(): number {
    return (this.count - load(this.queue.words, RX_COUNT)) >>> 0;
  }

  private hasRoom(frames: number): boolean {
    if (this.link.state !== ESTABLISHED) return false;
    const most = this.nframes - frames;
    if ((this.count - this.peerCount) >>> 0 <= most) return true;
    this.peerCount = load(this.queue.words, RX_COUNT); // SYNC consume
    return (this.count - this.peerCount) >>> 0 <= most;
  }

  /** Takes the cache lines of the next frames, as far as they are free, from the peer's core all at once. */
  private claim(): void {
    const { position, frameSize } = this;
    const free = this.nframes - ((this.count - this.peerCount) >>> 0);
    const end = Math.min(position + Math.min(CLAIM, free), this.nframes);
    claim(this.queue.frames, position * frameSize, end * frameSize, frameSize);
    this.claimAt = position + CLAIM < this.nframes ? position + CLAIM : 0;
  }

  private publish(frames: number): void {
    const count = (this.count + frames) | 0;
    const position = this.position + frames;
    this.count = count;
    this.position = position < this.nframes ? position : position - this.nframes;
    store(this.queue.words, TX_COUNT, count); // SYNC publish
    if (this.bell?.wanted()) {
      this.peerCount = load(this.queue.words, RX_COUNT); // SYNC consume
      const used = (count - this.peerCount) >>> 0;
      if (used >= 1 && used <= frames) this.bell.ring();
    }
  }
}
