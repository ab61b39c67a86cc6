/** A thread attached as a guest: what it has reserved, and how it takes its interrupts (SPEC §8). */
import { checkInteger, expected, IvcError } from "../errors.ts";
import { compareExchange, load, store, type Words } from "../memory.ts";
import { LISTEN_SPIN } from "../platform.ts";
import { IvcChannel } from "../ring/channel.ts";
import {
  ATTACHED,
  areaWord,
  areaWords,
  lifeIndex,
  poolIndex,
  reservationIndex,
  rxPositionIndex,
  statesIndex,
  txPositionIndex,
} from "./areas.ts";
import { IvcCookie, type IvcOps } from "./cookie.ts";
import { Doorbell } from "./doorbell.ts";
import { EventLoop } from "./event-loop.ts";
import { checkHandle, type GuestHandle } from "./handle.ts";
import { Holder } from "./holder.ts";
import { Interrupts } from "./interrupts.ts";
import { type IrqHandler, type Line, RING_DUE } from "./line.ts";
import { Mempool } from "./mempool.ts";
import { checkMayBlock, checkSpin, checkTimeout } from "./waits.ts";

/** How a thread attaches. */
export interface AttachOptions {
  /**
   * Whether a channel that is established and over-full is reset when its line is served: only a broken or hostile peer can
   * make it so, and nothing moves on it otherwise (SPEC §5). Default true.
   */
  readonly heal?: boolean | undefined;
}

/** How a guest listens. */
export interface ListenOptions {
  /** Whether listening keeps a Node.js process alive. Default true. */
  readonly keepAlive?: boolean | undefined;
  /**
   * How many turns of the event loop to look for rings, after the last one, before it parks: 0…2^30, and 0 parks at once.
   * A turn takes about a microsecond in Node.js, and lets everything else on the event loop have its chance; to be woken
   * takes some ten. Default 16 where there is `setImmediate`, else 0.
   */
  readonly spin?: number | undefined;
}

/** Most turns that a listener may spin: some twenty minutes. */
const MAX_SPIN: number = 2 ** 30;

/** @internal The guests that this thread is attached as, oldest first. */
export const attachedGuests: Guest[] = [];

/**
 * Attaches this thread as the guest of a handle. A thread may attach as several guests.
 *
 * @param handle - from {@link Hypervisor.guest}, on whatever thread that was; good for one attachment
 * @param options - how
 * @returns the guest
 * @throws {@link IvcError} EINVAL for no handle, or one that has been used; EBUSY while a thread is attached as this guest.
 * A thread that died stays attached until {@link guestDown} says so.
 */
export function attach(handle: GuestHandle, options?: AttachOptions): Guest {
  checkHandle(handle);
  return new Guest(handle, options?.heal ?? true);
}

/**
 * A thread attached as a guest. Only that thread may use it. After {@link detach} every verb throws an {@link IvcError}
 * ENODEV.
 *
 * It takes interrupts in one of three ways, with the same effect: it polls ({@link poll}), waits ({@link wait}), or listens
 * ({@link listen}). Whoever only uses the waits of the halves needs none of them.
 */
export class Guest {
  /** The guest's number. */
  readonly vmid: number;
  /** @internal */
  readonly interrupts: Interrupts;
  /** @internal */
  readonly eventLoop: EventLoop;
  /** @internal */
  readonly heal: boolean;
  private readonly handle: GuestHandle;
  private readonly own: Words;
  private readonly mempools = new Set<Mempool>();
  private isAttached = true;

  /** @internal */
  constructor(handle: GuestHandle, heal: boolean) {
    const { vmid, ticket } = handle;
    this.vmid = vmid;
    this.heal = heal;
    this.handle = handle;
    this.own = areaWords(handle.own);
    const used = areaWord(handle.used, 0);
    if (load(this.own, ATTACHED) > 0) throw busy(vmid);
    if (load(used, 0) !== 0) throw handleUsed(vmid);
    const before = takeGuest(this.own, ticket);
    if (before > 0) throw busy(vmid);
    if (compareExchange(used, 0, 0, 1) !== 0) {
      compareExchange(this.own, ATTACHED, ticket, before);
      throw handleUsed(vmid);
    }
    for (const { area, side } of handle.pairs) store(areaWord(area, lifeIndex(side)), 0, ticket * 2); // SYNC down
    this.interrupts = new Interrupts(handle);
    this.eventLoop = new EventLoop(this.interrupts);
    attachedGuests.push(this);
    this.interrupts.unmaskAll();
    this.interrupts.lookAtAll();
  }

  /** Whether it is still attached. */
  get attached(): boolean {
    return this.isAttached;
  }

  /**
   * Reserves an endpoint. Never blocks. Its line is pending then, so that nothing which came earlier is missed. If its last
   * owner died, the endpoint starts a reset by itself and comes back in state `"sync"`; else it goes on from the counters
   * in memory.
   *
   * @param id - number of the endpoint
   * @param ops - what to call for its interrupts; without, use {@link requestIrq}, or the waits of the halves
   * @returns the endpoint; if one of `ops` throws, that comes out, and the endpoint is not reserved
   * @throws {@link IvcError} ENODEV if the guest has no such endpoint, EBUSY if it is reserved already, or if it has `ops`
   * and its line a handler
   */
  reserve(id: number, ops?: IvcOps): IvcCookie {
    const cookie = this.claim(id, ops);
    this.announce(cookie);
    return cookie;
  }

  /** @internal The part of {@link reserve} that calls nobody. */
  claim(id: number, ops: IvcOps | undefined): IvcCookie {
    this.checkAttached();
    const index = this.handle.endpoints.findIndex((endpoint) => endpoint.id === id);
    const line = this.interrupts.lines[index];
    if (!line) throw new IvcError("ENODEV", `expected id to be an endpoint of guest ${this.vmid}, got ${String(id)}`);
    const at = reservationIndex(index);
    if (ops && line.handler) throw new IvcError("EBUSY", `line ${line.irq} of endpoint ${id} has a handler already`);
    if (compareExchange(this.own, at, 0, this.handle.ticket) !== 0) {
      throw new IvcError("EBUSY", `endpoint ${id} is reserved already`);
    }
    const cookie = this.open(line, index, ops);
    line.cookie = cookie;
    if (cookie.holder.hold(this.handle.ticket)) cookie.channel.reset();
    this.interrupts.latch(line, RING_DUE);
    return cookie;
  }

  /** @internal The part of {@link reserve} that calls the ops. */
  announce(cookie: IvcCookie): void {
    try {
      cookie.callOps(true);
    } catch (error) {
      if (cookie.reserved) cookie.unreserve();
      throw error;
    }
  }

  private open(line: Line, index: number, ops: IvcOps | undefined): IvcCookie {
    const { endpoint, pair } = line;
    const { nframes, frameSize, side } = endpoint;
    const bell = new Doorbell(endpoint, pair);
    const holder = new Holder(endpoint, pair);
    const channel = new IvcChannel(
      {
        rx: { buffer: pair.area, byteOffset: endpoint.rxOffset },
        tx: { buffer: pair.area, byteOffset: endpoint.txOffset },
        nframes,
        frameSize,
      },
      {
        bell,
        states: areaWord(pair.area, statesIndex(endpoint.channel)),
        side,
        settled: () => holder.settled(),
        txPosition: this.handedOver(txPositionIndex(index), nframes),
        rxPosition: this.handedOver(rxPositionIndex(index), nframes),
      },
    );
    return new IvcCookie(this, line, channel, bell, holder, ops);
  }

  private handedOver(index: number, nframes: number): number | undefined {
    const position = load(this.own, index) >>> 0;
    return position < nframes ? position : undefined;
  }

  /** @internal Frees the endpoint for its next owner: the positions first, so that a death in between loses nothing. */
  release(cookie: IvcCookie): void {
    const { line } = cookie;
    const index = line.irq - 1;
    store(this.own, txPositionIndex(index), cookie.channel.tx.position);
    store(this.own, rxPositionIndex(index), cookie.channel.rx.position);
    line.cookie = undefined;
    line.polling = false;
    this.interrupts.updateMask(line);
    cookie.holder.letGo();
    compareExchange(this.own, reservationIndex(index), this.handle.ticket, 0);
  }

  /**
   * Reserves a memory pool.
   *
   * @param id - number of the pool
   * @returns the pool
   * @throws {@link IvcError} ENODEV if the guest has no such pool, EBUSY if it is reserved already
   */
  reserveMempool(id: number): Mempool {
    this.checkAttached();
    const index = this.handle.pools.findIndex((pool) => pool.id === id);
    const pool = this.handle.pools[index];
    if (!pool) throw new IvcError("ENODEV", `expected id to be a mempool of guest ${this.vmid}, got ${String(id)}`);
    if (compareExchange(this.own, this.poolWord(index), 0, this.handle.ticket) !== 0) {
      throw new IvcError("EBUSY", `mempool ${id} is reserved already`);
    }
    const mempool = new Mempool(this, pool);
    this.mempools.add(mempool);
    return mempool;
  }

  /** @internal */
  releaseMempool(mempool: Mempool): void {
    const index = this.handle.pools.findIndex((pool) => pool.id === mempool.id);
    this.mempools.delete(mempool);
    compareExchange(this.own, this.poolWord(index), this.handle.ticket, 0);
  }

  private poolWord(index: number): number {
    return poolIndex(this.handle.endpoints.length, index);
  }

  /**
   * Installs a handler, called for each interrupt of a line after the reset step of its endpoint (SPEC §8). The line is
   * pending then. A handler that consumed frames and left some is called again in the next turn.
   *
   * @param irq - number of the line
   * @param handler - what to call; an exception in it comes out of {@link poll} and {@link wait}, and is an uncaught error
   * while listening
   * @throws {@link IvcError} EINVAL for an unknown line or no function; EBUSY if the line has a handler, or its endpoint was
   * reserved with ops
   */
  requestIrq(irq: number, handler: IrqHandler): void {
    const line = this.line(irq);
    if (typeof handler !== "function") throw expected("EINVAL", "handler", "a function", handler);
    if (line.handler) throw new IvcError("EBUSY", `line ${irq} has a handler already`);
    if (line.cookie?.hasOps) throw new IvcError("EBUSY", `the endpoint of line ${irq} was reserved with ops`);
    line.handler = handler;
    this.interrupts.latch(line, RING_DUE);
  }

  /**
   * Removes a handler.
   *
   * @throws {@link IvcError} EINVAL for an unknown line, or one without a handler
   */
  freeIrq(irq: number): void {
    const line = this.line(irq);
    if (!line.handler) throw new IvcError("EINVAL", `expected line ${irq} to have a handler, got none`);
    line.handler = undefined;
  }

  /**
   * Masks a line: nothing is delivered until {@link enableIrq}, and the peer saves the rings for data. Rings still latch
   * it, and waits on the halves of its endpoint still work.
   *
   * @throws {@link IvcError} EINVAL for an unknown line
   */
  disableIrq(irq: number): void {
    const line = this.line(irq);
    line.disabled = true;
    this.interrupts.updateMask(line);
  }

  /**
   * Unmasks a line. It is pending then if anything happened on its channel meanwhile.
   *
   * @throws {@link IvcError} EINVAL for an unknown line
   */
  enableIrq(irq: number): void {
    const line = this.line(irq);
    line.disabled = false;
    this.interrupts.updateMask(line);
    this.interrupts.enqueue(line);
  }

  /**
   * Takes interrupts without blocking: serves each line that is pending, once.
   *
   * @returns how many lines were served
   */
  poll(): number {
    this.checkAttached();
    const { interrupts } = this;
    interrupts.stopAllPolling();
    interrupts.lookNowAndThen();
    interrupts.collect();
    try {
      return interrupts.serve();
    } finally {
      this.eventLoop.resume();
    }
  }

  /**
   * Takes interrupts, blocking the thread until at least one line was served.
   *
   * @param timeout - longest wait, in ms: 0…2^31 − 1; 0 polls
   * @returns how many lines were served; 0: timed out
   * @throws {@link IvcError} EINVAL for a bad timeout, or on a thread that may not block: use {@link listen} there
   */
  wait(timeout: number): number {
    this.checkWait(timeout);
    let served = this.poll();
    if (served > 0 || timeout === 0) return served;
    const { interrupts } = this;
    const deadline = performance.now() + timeout;
    try {
      for (;;) {
        const left = deadline - performance.now();
        if (left <= 0) {
          interrupts.disarm();
          return 0;
        }
        if (interrupts.arm()) interrupts.sleep(left);
        interrupts.lookNowAndThen();
        interrupts.collect();
        served = interrupts.serve();
        if (served > 0) return served;
      }
    } finally {
      this.eventLoop.resume();
    }
  }

  /** @internal Refuses what {@link wait} does not take. */
  checkWait(timeout: number): void {
    this.checkAttached();
    checkTimeout(timeout);
    if (timeout > 0) checkMayBlock(this.interrupts, "listen");
  }

  /**
   * Takes interrupts on this thread's event loop, which runs between the turns, until {@link stopListening}.
   *
   * @param options - how
   * @throws {@link IvcError} EINVAL for a bad `spin`
   */
  listen(options?: ListenOptions): void {
    this.checkAttached();
    const spin = checkSpin(options, LISTEN_SPIN, MAX_SPIN);
    this.eventLoop.listen(options?.keepAlive ?? true, spin);
  }

  /** Ends {@link listen}. Lines stay pending as they are, and async waits go on. */
  stopListening(): void {
    this.checkAttached();
    this.eventLoop.stopListening();
  }

  /**
   * Detaches: stops listening, unreserves every endpoint and pool, and frees every line. Pending waits end as `"closed"`.
   * The guest is free for the next thread; to its peers it is not down.
   */
  detach(): void {
    this.checkAttached();
    this.eventLoop.stopListening();
    for (const line of this.interrupts.lines) {
      line.cookie?.unreserve();
      line.handler = undefined;
      line.disabled = false;
      this.interrupts.updateMask(line);
    }
    for (const mempool of this.mempools) mempool.unreserve();
    this.isAttached = false;
    attachedGuests.splice(attachedGuests.indexOf(this), 1);
    compareExchange(this.own, ATTACHED, this.handle.ticket, 0); // SYNC attach
  }

  private line(irq: number): Line {
    this.checkAttached();
    checkInteger("irq", irq, 1, this.interrupts.lines.length);
    return this.interrupts.lines[irq - 1] as Line;
  }

  private checkAttached(): void {
    if (!this.isAttached) throw new IvcError("ENODEV", `guest ${this.vmid} is detached`);
  }
}

/** Attaches by a ticket, unless a thread is attached. What was there before: above zero, the ticket of that thread. */
function takeGuest(own: Words, ticket: number): number {
  for (;;) {
    const before = load(own, ATTACHED);
    if (before > 0 || compareExchange(own, ATTACHED, before, ticket) === before) return before; // SYNC attach
  }
}

function busy(vmid: number): IvcError {
  return new IvcError("EBUSY", `a thread is attached as guest ${vmid} already`);
}

function handleUsed(vmid: number): IvcError {
  return new IvcError("EINVAL", `this handle of guest ${vmid} has been used: take a new one from Hypervisor.guest`);
}
