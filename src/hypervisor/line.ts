/** One interrupt line as its owner knows it, and the queue that lines wait in for service. */
import type { Words } from "../memory.ts";
import { areaWord, lineIndex } from "./areas.ts";
import type { IvcCookie } from "./cookie.ts";
import type { EndpointHandle, PairHandle } from "./handle.ts";

/** Bit of a line's shared word: rung, and not yet taken. Set by the peer, cleared by the owner. */
export const PENDING = 1;
/** Bit of a line's shared word: the peer may skip rings for data. Only the owner changes it. */
export const MASKED = 2;

/** Bits of {@link Line.due}: the reset step; the handler or `rxReady` or the echo; `txReady`. */
export const STEP_DUE = 1;
export const RX_DUE = 2;
export const TX_DUE = 4;
/** What one ring makes due. */
export const RING_DUE: number = STEP_DUE | RX_DUE | TX_DUE;

/** Called for each interrupt of a line, with the line's number. */
export type IrqHandler = (irq: number) => void;

/** One line. But for `word`, all of it is private to the thread that is attached as the guest. */
export class Line {
  /** Its number: 1 and up. */
  readonly irq: number;
  readonly endpoint: EndpointHandle;
  readonly pair: PairHandle;
  /** Shared: PENDING and MASKED. */
  readonly word: Words;
  /** The reservation of its endpoint. */
  cookie: IvcCookie | undefined;
  handler: IrqHandler | undefined;
  /** Masked by its owner: delivery is withheld. */
  disabled = false;
  /** Its owner last looked at its counters in a spinning wait, and will look again before it relies on rings. */
  polling = false;
  /** Waits parked on it: they want rings even if the line is disabled. */
  waiting = 0;
  /** What the shared MASKED bit says. */
  masked = false;
  /** The peer's `tx.count` when the line was last served. */
  toldPublished = 0;
  /** The peer's `rx.count` when the line was last served. */
  toldConsumed = 0;
  /** What is still to be done for the rings taken so far. */
  due = 0;

  constructor(irq: number, endpoint: EndpointHandle, pair: PairHandle) {
    this.irq = irq;
    this.endpoint = endpoint;
    this.pair = pair;
    this.word = areaWord(pair.area, lineIndex(endpoint.channel, endpoint.side));
  }

  /** Whether a turn may serve it. */
  get deliverable(): boolean {
    if (this.cookie?.loopback) return true;
    return !this.disabled && (this.cookie !== undefined || this.handler !== undefined);
  }
}

/** First in, first out; a line is in it at most once. Does not allocate after it was made. */
export class LineQueue {
  private readonly lines: (Line | undefined)[];
  private readonly queued: Uint8Array;
  private head = 0;
  /** How many lines are in it. */
  length = 0;

  constructor(capacity: number) {
    this.lines = new Array<Line | undefined>(capacity).fill(undefined);
    this.queued = new Uint8Array(capacity + 1);
  }

  /** Adds a line, unless it is in the queue already. */
  push(line: Line): void {
    if (this.queued[line.irq]) return;
    this.queued[line.irq] = 1;
    this.lines[(this.head + this.length++) % this.lines.length] = line;
  }

  /** Removes the first line. */
  shift(): Line | undefined {
    if (this.length === 0) return undefined;
    const line = this.lines[this.head] as Line;
    this.head = (this.head + 1) % this.lines.length;
    this.length--;
    this.queued[line.irq] = 0;
    return line;
  }
}
