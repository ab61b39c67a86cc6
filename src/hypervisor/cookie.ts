/** A reserved endpoint (SPEC §1, "cookie"). */
import { IvcError } from "../errors.ts";
import { copyFrame } from "../memory.ts";
import type { ConnectionState, IvcChannel } from "../ring/channel.ts";
import type { Doorbell } from "./doorbell.ts";
import type { Guest } from "./guest.ts";
import { CookieRx, CookieTx, LOOPBACK, NORMAL, UNRESERVED } from "./halves.ts";
import type { Holder } from "./holder.ts";
import { type Line, RING_DUE } from "./line.ts";
import {
  type AsyncWaitOptions,
  ESTABLISHED_AGAIN,
  type WaitOptions,
  type WaitOutcome,
  waitFor,
  waitForAsync,
} from "./waits.ts";

/**
 * What a guest wants to be told of an endpoint. Both are called once inside `reserve`, before it returns, and then once per
 * interrupt, each if its condition holds then. Neither is called in loopback.
 */
export interface IvcOps {
  /**
   * A frame can be read. After a call that consumed some but not all, it is called again in the next turn; after one that
   * consumed none, not before the next ring.
   */
  rxReady?(cookie: IvcCookie): void;
  /** A frame can be written. Evaluated after `rxReady` returned. */
  txReady?(cookie: IvcCookie): void;
}

/** One direction in an {@link IvcDump}. */
export interface QueueDump {
  /** Frames ever published, modulo 2^32. */
  readonly txCount: number;
  /** Frames ever consumed, modulo 2^32. */
  readonly rxCount: number;
  /** The own slot position: of the next frame to fill in the tx queue, of the oldest frame in the rx queue. */
  readonly position: number;
}

/** What {@link IvcCookie.dump} tells: a snapshot for people, taken word by word. */
export interface IvcDump {
  /** Number of the endpoint. */
  readonly id: number;
  /** Number of its line. */
  readonly irq: number;
  /** The guest that holds it. */
  readonly vmid: number;
  /** The guest at the other end. */
  readonly peerVmid: number;
  /** Slots of each queue. */
  readonly nframes: number;
  /** Bytes in a frame. */
  readonly frameSize: number;
  /** The own state. */
  readonly state: ConnectionState;
  /** The peer's state. */
  readonly peerState: ConnectionState;
  /** The queue it transmits in. */
  readonly tx: QueueDump;
  /** The queue it receives in. */
  readonly rx: QueueDump;
}

/**
 * A reserved endpoint: what {@link Guest.reserve} returns. Only the thread that is attached as its guest may use it. After
 * {@link unreserve} every verb throws an {@link IvcError} EPERM, and what only tells goes on telling.
 */
export class IvcCookie {
  /** The guest that holds it. */
  readonly guest: Guest;
  /** Number of the endpoint in the configuration. */
  readonly id: number;
  /** Number of the line on which the peer rings: 1 and up. */
  readonly irq: number;
  /** Number of the guest at the other end. */
  readonly peerVmid: number;
  /** Slots of each queue. */
  readonly nframes: number;
  /** Bytes in a frame. */
  readonly frameSize: number;
  /** The transmitting half. */
  readonly tx: CookieTx;
  /** The receiving half. */
  readonly rx: CookieRx;
  /** @internal */
  readonly line: Line;
  /** @internal The endpoint below, which loopback does not touch. */
  readonly channel: IvcChannel;
  /** @internal */
  mode: number = NORMAL;
  /** @internal Frames that had been consumed when a wait for more last began to spin. */
  lulledAt = 0;
  private readonly doorbell: Doorbell;
  private readonly ops: IvcOps | undefined;
  /** @internal */
  readonly holder: Holder;

  /** @internal */
  constructor(
    guest: Guest,
    line: Line,
    channel: IvcChannel,
    doorbell: Doorbell,
    holder: Holder,
    ops: IvcOps | undefined,
  ) {
    const { pair, endpoint } = line;
    this.guest = guest;
    this.id = endpoint.id;
    this.irq = line.irq;
    this.peerVmid = pair.peerVmid;
    this.nframes = endpoint.nframes;
    this.frameSize = endpoint.frameSize;
    this.tx = new CookieTx(this, channel.tx);
    this.rx = new CookieRx(this, channel.rx);
    this.line = line;
    this.channel = channel;
    this.doorbell = doorbell;
    this.ops = ops;
    this.holder = holder;
  }

  /** Whether it is still reserved. */
  get reserved(): boolean {
    return this.mode !== UNRESERVED;
  }

  /** The own connection state. */
  get state(): ConnectionState {
    return this.channel.state;
  }

  /** @internal */
  get established(): boolean {
    return this.channel.state === "established";
  }

  /**
   * How often this end has cleared since it was reserved: it changes iff frames may have been lost (SPEC §5). Only whether it
   * changed tells something: one reset may count more than once, and at the other end otherwise.
   */
  get session(): number {
    return this.channel.session;
  }

  /**
   * Whether the peer's thread has died and no other has attached since. A peer that never attached, or detached, is not
   * down. Loaded afresh.
   */
  get peerDown(): boolean {
    return this.holder.peerDown;
  }

  /** How many rings this end has sent since it was reserved: for data, handshake and {@link notify}. */
  get rings(): number {
    return this.doorbell.rings;
  }

  /** Rings the peer, whatever the state and whether or not it masked its line. */
  notify(): void {
    this.checkReserved();
    this.doorbell.ring();
  }

  /**
   * Starts a reset (SPEC §5): no data moves until both ends have run their steps, which the interrupts do. Frames not yet
   * read are lost. Wait for the end of it with {@link waitEstablished}.
   */
  reset(): void {
    this.checkReserved();
    this.channel.reset();
    this.guest.interrupts.touch(this.line);
  }

  /**
   * Runs one step of the reset handshake (SPEC §5). Every way to take interrupts does so for each line that rings; only who
   * takes none needs to call it.
   *
   * @returns whether the link is established after the step
   */
  notified(): boolean {
    this.checkReserved();
    this.step();
    return this.established;
  }

  /** Whether every incoming frame is echoed to the peer (SPEC §6). */
  get loopback(): boolean {
    return this.mode === LOOPBACK;
  }

  /**
   * Turns loopback on or off (SPEC §6); no change, no effect. While it is on, each interrupt that this guest takes echoes
   * the frames that came, local writes are accepted and ignored, and local reads find nothing. Frames already waiting are
   * echoed at once.
   */
  setLoopback(on: boolean): void {
    this.checkReserved();
    if (typeof on !== "boolean") throw new IvcError("EINVAL", `expected on to be a boolean, got ${String(on)}`);
    if (on === this.loopback) return;
    const { interrupts } = this.guest;
    this.mode = on ? LOOPBACK : NORMAL;
    interrupts.updateMask(this.line);
    if (!on || this.echo()) interrupts.latch(this.line, RING_DUE);
    else interrupts.enqueue(this.line);
    interrupts.touch(this.line);
  }

  /**
   * Echoes by hand whatever can be echoed now, at most nframes frames.
   *
   * @throws {@link IvcError} EINVAL if loopback is off
   */
  performLoopback(): void {
    this.checkReserved();
    if (!this.loopback) throw new IvcError("EINVAL", "expected loopback to be on, got off");
    if (this.echo()) this.guest.interrupts.latch(this.line, RING_DUE);
  }

  /** Describes the endpoint: for people, and for tests. Allocates. */
  dump(): IvcDump {
    return {
      id: this.id,
      irq: this.irq,
      vmid: this.guest.vmid,
      peerVmid: this.peerVmid,
      nframes: this.nframes,
      frameSize: this.frameSize,
      state: this.state,
      peerState: this.channel.peerState,
      tx: this.channel.tx.dump(),
      rx: this.channel.rx.dump(),
    };
  }

  /**
   * Blocks the thread until the link is established (SPEC §8). A peer that is down does not end it: if it held its endpoint
   * when it died, the wait goes on until it has come back and the link has been reset.
   * Otherwise as {@link CookieRx.waitReadable}.
   *
   * @param timeout - longest wait, in ms: 0…2^31 − 1; 0 only looks
   * @param options - how long to spin
   * @returns `"ready"`, `"closed"` or `"timed-out"`
   * @throws {@link IvcError} EINVAL for a bad argument, on a channel of a guest with itself, or on a thread that may not
   * block: use {@link waitEstablishedAsync} there
   */
  waitEstablished(timeout: number, options?: WaitOptions): WaitOutcome {
    return waitFor(this, ESTABLISHED_AGAIN, timeout, options, "waitEstablishedAsync");
  }

  /**
   * Waits on the event loop until the link is established. Otherwise as {@link waitEstablished}. Keeps a Node.js process
   * alive until it ends.
   *
   * @param timeout - longest wait, in ms: 0…2^31 − 1; 0 only looks
   * @param options - how long to spin, and a signal that ends the wait
   * @returns how it ended; does not reject
   * @throws {@link IvcError} EINVAL for a bad argument
   */
  waitEstablishedAsync(timeout: number, options?: AsyncWaitOptions): Promise<WaitOutcome> {
    return waitForAsync(this, ESTABLISHED_AGAIN, timeout, options);
  }

  /**
   * Gives the endpoint back. Its own pending waits end as `"closed"`; none of the peer's do. No reset is needed: the next
   * owner goes on from the counters in memory.
   *
   * @throws {@link IvcError} EPERM if it is not reserved
   */
  unreserve(): void {
    this.checkReserved();
    this.guest.release(this);
    this.mode = UNRESERVED;
    this.guest.eventLoop.close(this.line);
  }

  /** @internal */
  checkReserved(): void {
    if (this.mode === UNRESERVED) throw new IvcError("EPERM", `endpoint ${this.id} is not reserved any more`);
  }

  /** @internal The reset step of an interrupt; a link that is established and over-full is reset besides (SPEC §5). */
  dispatchStep(): void {
    this.step();
    const { channel, guest } = this;
    const broken =
      guest.heal &&
      this.established &&
      channel.peerState === "established" &&
      (channel.tx.isOverfull() || channel.rx.isOverfull());
    if (broken) channel.reset();
  }

  private step(): void {
    const { interrupts } = this.guest;
    const { session } = this;
    if (!this.channel.step()) interrupts.latch(this.line, RING_DUE);
    if (this.session !== session) {
      this.line.toldPublished = 0;
      this.line.toldConsumed = 0;
    }
    interrupts.touch(this.line);
  }

  /** @internal Notes what the interrupt that is being served tells of. */
  tell(): void {
    this.line.toldPublished = this.channel.rx.loadPeerCount();
    this.line.toldConsumed = this.channel.tx.loadPeerCount();
  }

  /**
   * @internal Whether the peer may have had a reason to ring since the line was last served: it published, or consumed from
   * a queue that may have been full, or changed its state.
   */
  untold(): boolean {
    const { toldPublished, toldConsumed } = this.line;
    const { tx, rx } = this.channel;
    if (rx.loadPeerCount() !== toldPublished && rx.canRead()) return true;
    const room = (tx.published - toldConsumed) >>> 0 >= this.nframes && tx.canWrite();
    return room || this.channel.stepDue();
  }

  /** @internal Whether it was reserved with ops. */
  get hasOps(): boolean {
    return this.ops !== undefined;
  }

  /** @internal Calls the ops whose condition holds. */
  callOps(rung: boolean): void {
    const { ops } = this;
    if (ops?.rxReady && this.rx.canRead()) ops.rxReady(this);
    if (ops?.txReady && rung && this.reserved && this.tx.canWrite()) ops.txReady(this);
  }

  /** @internal Echoes at most nframes frames (SPEC §6). Whether more could go. */
  echo(): boolean {
    const { tx, rx } = this.channel;
    for (let i = 0; i < this.nframes; i++) {
      const source = rx.getNextFrame();
      const target = source && tx.getNextFrame();
      if (!target) return false;
      copyFrame(target, source);
      tx.advance();
      rx.advance();
    }
    return rx.canRead() && tx.canWrite();
  }
}
