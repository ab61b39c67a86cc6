/**
 * The oracle: one channel as SPEC §2–§6 describes it, on plain arrays and plain numbers. It shares no code with src and
 * knows nothing of caches: it always sees both counts as they are, which one thread does.
 */

/** Connection states; the index is the value on the wire (SPEC §2). */
const STATES = ["established", "sync", "ack"] as const;
export type State = (typeof STATES)[number];

/** Where the words of a queue lie (SPEC §2). */
const TX_COUNT = 0x00;
const TX_STATE = 0x04;
const RX_COUNT = 0x40;
const HEADER = 0x80;

/** What a 32-bit counter counts modulo. */
export const WRAP: number = 2 ** 32;

export interface Geometry {
  readonly nframes: number;
  readonly frameSize: number;
}

export function queueSize({ nframes, frameSize }: Geometry): number {
  return HEADER + nframes * frameSize;
}

/** How a queue is found when it is opened for the first time. */
export interface QueueStart {
  readonly txCount: number;
  readonly rxCount: number;
  readonly txState: State;
  readonly txPosition: number;
  readonly rxPosition: number;
}

/** One direction. */
export class QueueModel {
  /** The bytes the real queue shall have: header, then slots. */
  readonly bytes: Uint8Array;
  /** What each slot holds, whether published or not; parts of `bytes`. */
  readonly slots: readonly Uint8Array[];
  /** Published and not yet consumed, oldest first. Of no meaning while one end alone has cleared. */
  frames: Uint8Array[] = [];
  private readonly header: DataView;

  constructor(bytes: Uint8Array, { nframes, frameSize }: Geometry, start: QueueStart) {
    this.bytes = bytes;
    this.header = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
    this.slots = Array.from({ length: nframes }, (_, i) =>
      bytes.subarray(HEADER + i * frameSize, HEADER + (i + 1) * frameSize),
    );
    this.txCount = start.txCount;
    this.rxCount = start.rxCount;
    this.txState = start.txState;
    for (let i = 0; i < this.used && this.used <= nframes; i++) {
      this.frames.push(this.slot(start.rxPosition + i).slice());
    }
  }

  get txCount(): number {
    return this.header.getUint32(TX_COUNT, true);
  }
  set txCount(count: number) {
    this.header.setUint32(TX_COUNT, count % WRAP, true);
  }

  get rxCount(): number {
    return this.header.getUint32(RX_COUNT, true);
  }
  set rxCount(count: number) {
    this.header.setUint32(RX_COUNT, count % WRAP, true);
  }

  get txState(): State {
    return STATES[this.header.getUint32(TX_STATE, true)] as State;
  }
  set txState(state: State) {
    this.header.setUint32(TX_STATE, STATES.indexOf(state), true);
  }

  /** SPEC §3. */
  get used(): number {
    return (WRAP + this.txCount - this.rxCount) % WRAP;
  }
  get empty(): boolean {
    return this.used === 0 || this.overfull;
  }
  get full(): boolean {
    return this.used >= this.slots.length;
  }
  get overfull(): boolean {
    return this.used > this.slots.length;
  }

  slot(position: number): Uint8Array {
    return this.slots[position % this.slots.length] as Uint8Array;
  }
}

/** Why the peer is rung: frames have come, there is room again, or a step of the handshake. */
export type Ring = "frames" | "room" | "link";

/** One endpoint. Its verbs answer as the idiomatic halves do; what they move is moved in the queues. */
export class EndModel {
  readonly tx: QueueModel;
  readonly rx: QueueModel;
  readonly nframes: number;
  /** Own clears since it was opened. */
  session = 0;
  loopback = false;
  /** Slot of the next frame to fill, and of the oldest frame. */
  txPosition: number;
  rxPosition: number;
  private readonly ring: (why: Ring) => void;

  constructor(tx: QueueModel, rx: QueueModel, txPosition: number, rxPosition: number, ring: (why: Ring) => void) {
    this.tx = tx;
    this.rx = rx;
    this.nframes = tx.slots.length;
    this.txPosition = txPosition;
    this.rxPosition = rxPosition;
    this.ring = ring;
  }

  get state(): State {
    return this.tx.txState;
  }
  get established(): boolean {
    return this.state === "established";
  }

  /** How many frames could be written, and read, if the link is established. */
  get room(): number {
    if (this.loopback) return this.nframes;
    return this.tx.full ? 0 : this.nframes - this.tx.used;
  }
  get waiting(): number {
    return this.loopback || this.rx.empty ? 0 : this.rx.used;
  }

  canWrite(frames = 1): boolean {
    return this.established && this.room >= frames;
  }
  canRead(frames = 1): boolean {
    return this.established && this.waiting >= frames;
  }

  write(data: Uint8Array): boolean {
    const slot = this.slotAhead(0);
    if (!slot) return false;
    slot.fill(0);
    slot.set(data);
    return this.advanceTx(1);
  }

  /** The slot that the tx half hands out: in loopback one of no consequence. */
  slotAhead(ahead: number): Uint8Array | undefined {
    if (!this.canWrite(ahead + 1)) return undefined;
    const slot = this.tx.slot(this.txPosition + ahead);
    return this.loopback ? slot.slice() : slot;
  }

  advanceTx(count: number): boolean {
    if (!this.canWrite(count)) return false;
    if (!this.loopback) this.publish(count);
    return true;
  }

  frameAhead(ahead: number): Uint8Array | undefined {
    return this.canRead(ahead + 1) ? this.rx.frames[ahead] : undefined;
  }

  advanceRx(count: number): boolean {
    if (!this.canRead(count)) return false;
    this.consume(count);
    return true;
  }

  /** SPEC §6: every frame that can go goes back. How many went. */
  echo(): number {
    let echoed = 0;
    if (!this.established || this.rx.empty) return echoed;
    for (; this.rx.used > 0 && !this.tx.full; echoed++) {
      this.tx.slot(this.txPosition).set(this.rx.frames[0] as Uint8Array);
      this.publish(1);
      this.consume(1);
    }
    return echoed;
  }

  reset(): void {
    this.enter("sync");
  }

  /** The state that a step would lead to, by the table of SPEC §5; undefined: unchanged. */
  get nextState(): State | undefined {
    const peer = this.rx.txState;
    if (peer === "sync") return "ack";
    if (this.state === "sync" && peer === "ack") return "established";
    return this.state === "ack" ? "established" : undefined;
  }

  step(): void {
    const next = this.nextState;
    if (next === undefined) return;
    if (this.rx.txState === "sync" || this.state === "sync") this.clear();
    this.enter(next);
  }

  private enter(state: State): void {
    this.tx.txState = state;
    this.ring("link");
  }

  private clear(): void {
    this.session++;
    this.tx.txCount = 0;
    this.rx.rxCount = 0;
    this.txPosition = 0;
    this.rxPosition = 0;
    this.tx.frames = [];
    this.rx.frames = [];
  }

  private publish(count: number): void {
    const { tx, nframes } = this;
    const wasEmpty = tx.used === 0;
    for (let i = 0; i < count; i++) tx.frames.push(tx.slot(this.txPosition + i).slice());
    tx.txCount += count;
    this.txPosition = (this.txPosition + count) % nframes;
    if (wasEmpty) this.ring("frames");
  }

  private consume(count: number): void {
    const { rx, nframes } = this;
    const wasFull = rx.used === nframes;
    rx.frames.splice(0, count);
    rx.rxCount += count;
    this.rxPosition = (this.rxPosition + count) % nframes;
    if (wasFull) this.ring("room");
  }
}
