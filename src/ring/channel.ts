/** An endpoint: two halves and the reset handshake between them and the peer's (SPEC §2–§5). */
import { expected } from "../errors.ts";
import type { Words } from "../memory.ts";
import type { Bell } from "./bell.ts";
import { ACK, checkGeometry, checkPlaces, ESTABLISHED, Queue, type QueuePlace, queueSize, SYNC } from "./layout.ts";
import { Link } from "./link.ts";
import { RxHalf } from "./rx.ts";
import { PackedStates, type States, WireStates } from "./states.ts";
import { TxHalf } from "./tx.ts";

/** The connection state of an endpoint: `"established"` (data moves), `"sync"` or `"ack"` (a reset is under way). */
export type ConnectionState = "established" | "sync" | "ack";

/** The name of a state; a value that is no state counts as a link that waits for a reset. */
function stateName(state: number): ConnectionState {
  if (state === ESTABLISHED) return "established";
  return state === ACK ? "ack" : "sync";
}

/** The table of SPEC §5: the own state after a step, or undefined if there is no step to do. */
function nextState(own: number, peer: number): number | undefined {
  if (peer === SYNC) return ACK;
  if (own === ACK || (own === SYNC && peer === ACK)) return ESTABLISHED;
  return undefined;
}

/** How many stale samples one step puts up with before it leaves the rest to the next interrupt. */
const STEP_TRIES = 4;

/** What an {@link IvcChannel} is opened with. Geometry is private configuration: it is never read from shared memory. */
export interface IvcChannelOptions {
  /** The queue this endpoint receives in. */
  readonly rx: QueuePlace;
  /** The queue this endpoint transmits in: the peer's `rx`. */
  readonly tx: QueuePlace;
  /** Slots of each queue: a positive integer. */
  readonly nframes: number;
  /** Bytes in a frame: a positive multiple of 64. */
  readonly frameSize: number;
  /**
   * Rings the peer; called on the transitions of SPEC §4 and by the handshake of §5, after the change it tells of. Without
   * it the channel is for two polling ends: nobody is rung.
   */
  readonly notify?: (() => void) | undefined;
}

/** What the layers above know besides. */
export interface EndpointInternals {
  readonly bell: Bell;
  /** The packed states, and which side of them is the own one. */
  readonly states: Words;
  readonly side: 0 | 1;
  /** Called when a step has established the link, before the peer is rung. */
  readonly settled: () => void;
  /** Slot positions handed over by the last owner; undefined: derive them from the counters. */
  readonly txPosition: number | undefined;
  readonly rxPosition: number | undefined;
}

/**
 * One endpoint of a channel on any shared memory: the ring layer alone, without guests, interrupts or waits. Two of them,
 * each with the other's queues swapped, make a channel; the layout is the Linux kernel's, so the peer may also be C or
 * Rust over the same `WebAssembly.Memory`. All-zero memory is an established, empty channel.
 *
 * Only one thread may use an endpoint. The handshake is the wire protocol's, whose known race remains here: with
 * overlapping resets both ends can settle over-full, or tear a frame (SPEC §5). Endpoints that a {@link Guest} reserves
 * do not have it.
 */
export class IvcChannel {
  /** The transmitting half. */
  readonly tx: TxHalf;
  /** The receiving half. */
  readonly rx: RxHalf;
  /** Slots of each queue. */
  readonly nframes: number;
  /** Bytes in a frame. */
  readonly frameSize: number;
  private readonly link: Link;
  private readonly states: States;
  private readonly bell: Bell | undefined;
  private readonly settled: (() => void) | undefined;

  /**
   * Opens an endpoint. Nothing is written. On memory in use it goes on from the counters found there, each position being
   * the counter mod nframes.
   *
   * @param options - where the queues lie, and their geometry
   * @throws {@link IvcError} naming the value and the rule, in the order of SPEC §2: EINVAL, or E2BIG for a frame size
   * above 2^31 − 1
   */
  constructor(options: IvcChannelOptions);
  /** @internal */
  constructor(options: IvcChannelOptions, internals: EndpointInternals);
  constructor(options: IvcChannelOptions, internals?: EndpointInternals) {
    const { nframes, frameSize, notify } = options;
    checkGeometry(nframes, frameSize);
    checkPlaces(options.rx, options.tx, queueSize(nframes, frameSize));
    if (notify !== undefined && typeof notify !== "function") {
      throw expected("EINVAL", "notify", "a function or undefined", notify);
    }
    const tx = new Queue(options.tx, nframes, frameSize);
    const rx = new Queue(options.rx, nframes, frameSize);
    this.nframes = nframes;
    this.frameSize = frameSize;
    this.bell = internals?.bell ?? (notify && { wanted: () => true, ring: notify });
    this.states = internals ? new PackedStates(tx, internals.states, internals.side) : new WireStates(tx, rx);
    this.settled = internals?.settled;
    this.link = new Link(this.states.own());
    this.tx = new TxHalf(tx, this.link, this.bell, internals?.txPosition);
    this.rx = new RxHalf(rx, this.link, this.bell, internals?.rxPosition);
  }

  /** The own connection state. Changed only by {@link reset} and {@link notified}, so never stale. */
  get state(): ConnectionState {
    return stateName(this.link.state);
  }

  /**
   * How often this end has cleared, since it was opened: it changes iff frames may have been lost (SPEC §5). Only whether it
   * changed tells something: one reset may count more than once, and at the other end otherwise.
   */
  get session(): number {
    return this.link.session;
  }

  /** @internal The peer's state, freshly loaded. */
  get peerState(): ConnectionState {
    return stateName(this.states.peer(this.states.sample()));
  }

  /**
   * Starts a reset: own state becomes SYNC, and the peer is rung (SPEC §5). No data moves until both ends have run
   * {@link notified} often enough; frames not yet read are lost by then. A peer that is never there leaves the link in SYNC.
   */
  reset(): void {
    this.states.reset();
    this.enter(SYNC);
    this.bell?.ring();
  }

  /**
   * Runs one step of the reset handshake (SPEC §5): to be called for every interrupt, and at least as often as the peer
   * changes its state. Data calls never do it. Constant time.
   *
   * @returns whether the link is established after the step
   */
  notified(): boolean {
    this.step();
    return this.link.state === ESTABLISHED;
  }

  /** @internal One step of the handshake; false: the peer kept changing its state, so the step is still to be done. */
  step(): boolean {
    let cleared = false;
    let done = false;
    for (let tries = 0; tries < STEP_TRIES && !done; tries++) {
      const sample = this.states.sample();
      const next = nextState(this.link.state, this.states.peer(sample));
      if (next === undefined) {
        done = true;
      } else {
        if (next === ACK || this.link.state === SYNC) {
          this.clear();
          cleared = true;
        }
        done = this.states.commit(sample, next);
        if (done) {
          this.enter(next);
          if (next === ESTABLISHED) this.settled?.();
          this.bell?.ring();
          return true;
        }
      }
    }
    // An honest peer that said SYNC keeps to it until an established end has answered: one that did not is made to.
    if (cleared && this.link.state === ESTABLISHED) this.reset();
    return done;
  }

  /** @internal Whether {@link step} would change the own state. */
  stepDue(): boolean {
    const next = nextState(this.link.state, this.states.peer(this.states.sample()));
    return next !== undefined && next !== this.link.state;
  }

  private enter(state: number): void {
    this.link.state = state;
    this.tx.dropCache();
    this.rx.dropCache();
  }

  /** The own words, before the new state is stored: until then the peer makes no progress (SPEC §5). */
  private clear(): void {
    this.tx.clear();
    this.rx.clear();
    this.link.session++;
  }
}
