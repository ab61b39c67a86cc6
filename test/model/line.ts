/** The oracle for one line (SPEC §8, "Lines"): whether it is pending, and what its service must do. */
import type { IvcCookie } from "../../src/index.ts";
import { Disagreement, type Lockstep } from "./lockstep.ts";
import { EndModel, type QueueModel, type QueueStart, type Ring } from "./model.ts";

/** "maybe": the peer was free to skip the ring, or the owner to see for itself that something happened. */
export type Pending = "no" | "maybe" | "yes";

/** Who is called for an interrupt: the handler of the line, or one of the ops. */
export type Call = "irq" | "rx" | "tx";

/** What a handler does when it is called. */
export interface Manners {
  /** Most frames it consumes per call, one by one or as a batch; and how many it sends. */
  readonly takes: number;
  readonly batch: boolean;
  readonly sends: number;
  /** Runs one more step of the handshake; masks its line; gives its endpoint back; throws. */
  readonly notifiedAgain: boolean;
  readonly masks: boolean;
  readonly unreserves: boolean;
  readonly throws: boolean;
}

/** An endpoint and its line, as SPEC sees them, and the cookie if it is reserved. */
export class Line {
  readonly id: number;
  readonly vmid: number;
  readonly model: EndModel;
  /** Whether the peer is the same guest. */
  readonly itself: boolean;
  peer: Line = this;
  irq = 0;
  cookie: IvcCookie | undefined;
  lock: Lockstep | undefined;
  /** Who is called, and what they do. */
  handler = false;
  ops: { readonly rx: boolean; readonly tx: boolean } | undefined;
  manners: Manners | undefined;
  /** Its owner died, and it has not been established since. */
  needsReset = false;
  disabled = false;

  pending: Pending = "no";
  /** A handler consumed some frames and left some: due again, though without a ring. */
  private more = false;
  /** A wait has run the step of the rings so far: their dispatch need not run it again. */
  private stepped = false;
  /** A turn of its guest is under way; a ring that came since may be taken in this turn or in the next. */
  private inTurn = false;
  private rungInTurn = false;
  /** A wait may have spun on it, and masked it for that. */
  private polling = false;
  /** What the peer was free not to tell. */
  private readonly withheld = new Set<Ring>();

  constructor(
    id: number,
    vmid: number,
    itself: boolean,
    queues: readonly [QueueModel, QueueModel],
    starts: QueueStart[],
  ) {
    const [tx, rx] = queues;
    const [txStart, rxStart] = starts as [QueueStart, QueueStart];
    this.id = id;
    this.vmid = vmid;
    this.itself = itself;
    this.model = new EndModel(tx, rx, txStart.txPosition, rxStart.rxPosition, (why) => this.peer.ring(why));
  }

  /** In loopback a line counts as unmasked. */
  get deliverable(): boolean {
    return this.model.loopback || (!this.disabled && (this.lock !== undefined || this.handler));
  }

  /** Whether a turn serves it. */
  get due(): Pending {
    if (!this.deliverable) return "no";
    return this.more ? "yes" : this.pending;
  }

  private get masked(): boolean {
    return (this.disabled || this.polling) && !this.model.loopback;
  }

  /** The peer has reason to ring: only rings for data may be skipped, and only while the line is masked. */
  ring(why: Ring): void {
    if (why !== "link" && this.masked) {
      this.withheld.add(why);
      if (this.pending === "no") this.pending = "maybe";
    } else if (this.inTurn) {
      this.rungInTurn = true;
      if (this.pending === "no") this.pending = "maybe";
    } else {
      this.latch();
    }
  }

  /** Pending for sure, as after reserve, request_irq and loopback. */
  latch(): void {
    this.pending = "yes";
    this.stepped = false;
  }

  disable(): void {
    this.disabled = true;
  }

  enable(): void {
    this.unmasking(() => {
      this.disabled = false;
    });
  }

  /** A turn looks at all lines: no wait spins on it any more. */
  beginTurn(): void {
    this.stopPolling();
    this.inTurn = true;
  }

  endTurn(): void {
    this.inTurn = false;
    if (this.rungInTurn) this.latch();
    this.rungInTurn = false;
  }

  private stopPolling(): void {
    this.unmasking(() => {
      this.polling = false;
    });
  }

  /** What is waiting is echoed at once, so that unmasking by loopback owes nobody an interrupt. */
  setLoopback(on: boolean): void {
    if (on) this.withheld.clear();
    this.unmasking(() => {
      this.model.loopback = on;
    });
    if (on) this.model.echo();
    else this.latch();
  }

  /** Whoever unmasks looks afresh at what may have been withheld. */
  private unmasking(change: () => void): void {
    const { masked, model, withheld } = this;
    change();
    if (!masked || this.masked) return;
    const owed = (withheld.has("frames") && model.canRead()) || (withheld.has("room") && model.canWrite());
    if (owed && this.lock) this.latch();
    else if (this.pending === "no") this.pending = "maybe";
    withheld.clear();
  }

  /** No longer reserved. */
  release(): void {
    this.lock = undefined;
    this.cookie = undefined;
    this.ops = undefined;
    this.model.loopback = false;
    this.stopPolling();
  }

  /** No thread is attached any more. */
  abandon(): void {
    this.needsReset ||= this.lock !== undefined;
    this.release();
    this.handler = false;
    this.disabled = false;
    this.withheld.clear();
  }

  /** A wait on the guest runs the step of every line that rings; whether also of a masked one, SPEC leaves open. */
  stepInWait(): void {
    if (!this.lock || this.pending === "no") return;
    this.step(this.pending === "yes" && !this.disabled);
    this.stepped = true;
  }

  /** A wait on this very line may mask it while it spins, and unmask it when it parks: then it looks afresh. */
  waitedOn(spun: boolean): void {
    if (this.masked || spun) {
      if (this.pending === "no") this.pending = "maybe";
      this.step(false);
    }
    this.polling ||= spun;
  }

  private step(must: boolean): void {
    const ran = must && !this.stepped;
    if (ran || this.lock?.inStep === false) this.stepModel();
  }

  /** One step of the handshake. */
  stepModel(): void {
    this.model.step();
    if (this.model.established) this.needsReset = false;
  }

  /** The beginning of its service: the step of SPEC §5, then the echo. What is called next, see {@link firstCall}. */
  serve(): Pending {
    const { pending } = this;
    if (this.due === "no") throw new Disagreement(`line of endpoint ${this.id} was served without a ring`);
    if (this.lock && pending !== "no") this.step(pending === "yes");
    this.pending = this.rungInTurn ? "maybe" : "no";
    this.rungInTurn = false;
    this.more = false;
    this.stepped = false;
    if (this.model.loopback) this.model.echo();
    return pending;
  }

  /** Who must be called first. */
  firstCall(rung: Pending): Call | undefined {
    if (this.model.loopback) return undefined;
    if (this.handler) return "irq";
    return this.ops?.rx && this.model.canRead() ? "rx" : this.txCall(rung);
  }

  /** Whether tx_rdy must be called: only after a ring. */
  txCall(rung: Pending): Call | undefined {
    return this.ops?.tx && rung !== "no" && this.model.canWrite() ? "tx" : undefined;
  }

  /** A handler has been called, and has consumed frames or not. */
  handled(consumed: boolean): void {
    if (consumed && this.lock && this.model.canRead()) this.more = true;
  }

  /** Whether its service would be seen: a step, an echo or a call. */
  get silent(): boolean {
    const { model, pending } = this;
    if (pending === "yes" && !this.stepped && model.nextState !== undefined) return false;
    if (model.loopback) return !model.established || model.rx.empty || model.tx.full;
    return this.firstCall(pending) === undefined;
  }

  /** An exception has ended the turn: it may have been served or not, and nobody can tell. */
  mayHaveBeenServed(): void {
    if (this.more || this.pending === "yes") this.pending = "maybe";
    this.more = false;
  }
}
