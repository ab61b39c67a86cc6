/**
 * A guest's interrupt controller: takes rings from shared memory, latches them, and serves lines (SPEC §8, "Lines").
 *
 * A ring is latched in three places, from sure to quick: the PENDING bit of the line (only the two peers reach it), the
 * bit of the line in its group, and the bit of the group in the wake word. The last two are hints that save looking at
 * every line; since other peers of the guest reach them too, no sleep is longer than {@link SLICE} before every line is
 * looked at. What has been taken is private: {@link Line.due} says what is still to be done for it.
 */
import { and, exchange, load, mayBlock, or, type Words, wait } from "../memory.ts";
import { areaWords, GROUP_LINES, groupIndex, SLEEPING, WAKE, WAKE_BITS } from "./areas.ts";
import type { GuestHandle, PairHandle } from "./handle.ts";
import { Line, LineQueue, MASKED, PENDING, RING_DUE, RX_DUE, STEP_DUE, TX_DUE } from "./line.ts";

/** Longest sleep, in ms, before every line is looked at again. */
export const SLICE = 250;

/** The controller. All of it belongs to the thread that is attached as the guest. */
export class Interrupts {
  readonly lines: readonly Line[];
  /** Called when something became due, or a condition may have changed, so that an event loop that sleeps is woken. */
  onLatch: (() => void) | undefined;
  /** Whether the next ring will notify whoever waits on the wake word. */
  armed = false;
  private readonly wake: Words;
  private readonly groups: number;
  /** Lines due and deliverable. */
  private readonly serving: LineQueue;
  /** Lines whose reset step is due. */
  private readonly stepping: LineQueue;
  /** Lines whose waits have to look again. */
  private readonly touched: LineQueue;
  /** Lines that may be polling. */
  private readonly polling: LineQueue;
  /** When the blocking wait under way ends, on the clock; 0: not known yet. One at a time: no wait calls another. */
  deadline = 0;
  private lastLook = 0;
  private blocking: boolean | undefined;

  constructor(handle: GuestHandle) {
    this.wake = areaWords(handle.wake);
    this.lines = handle.endpoints.map(
      (endpoint, index) => new Line(index + 1, endpoint, handle.pairs[endpoint.pair] as PairHandle),
    );
    this.groups = Math.ceil(this.lines.length / GROUP_LINES);
    this.serving = new LineQueue(this.lines.length);
    this.stepping = new LineQueue(this.lines.length);
    this.touched = new LineQueue(this.lines.length);
    this.polling = new LineQueue(this.lines.length);
  }

  /** Takes the rings that the hints tell of. Whether they told of any. */
  collect(): boolean {
    if ((load(this.wake, WAKE) & ~SLEEPING) === 0) return false;
    this.armed = false;
    let bits = exchange(this.wake, WAKE, 0) & ~SLEEPING; // SYNC wake
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits);
      bits &= ~(1 << bit);
      for (let group = bit; group < this.groups; group += WAKE_BITS) this.collectGroup(group);
    }
    return true;
  }

  private collectGroup(group: number): void {
    let bits = exchange(this.wake, groupIndex(group), 0);
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits);
      bits &= ~(1 << bit);
      const line = this.lines[group * GROUP_LINES + bit];
      if (line) this.take(line);
    }
  }

  /** Takes the rings of every line, whatever the hints tell. */
  lookAtAll(): void {
    this.lastLook = performance.now();
    for (const line of this.lines) {
      if (load(line.word, 0) & PENDING) this.take(line);
      this.touch(line);
    }
  }

  /** {@link lookAtAll}, unless the last one was within half a slice: after a sleep that took a slice it surely looks. */
  lookNowAndThen(): void {
    if (performance.now() - this.lastLook >= SLICE / 2) this.lookAtAll();
  }

  private take(line: Line): void {
    const word = and(line.word, 0, ~PENDING); // SYNC ring
    if ((word & PENDING) === 0) return;
    // A hostile peer may have changed what only the owner does: the next one would not ring.
    if (((word & MASKED) !== 0) !== line.masked) this.storeMask(line);
    this.latch(line, RING_DUE);
  }

  private storeMask(line: Line): void {
    if (line.masked) or(line.word, 0, MASKED);
    else and(line.word, 0, ~MASKED); // SYNC mask
  }

  /** Leaves every line pending. */
  latchAll(): void {
    for (const line of this.lines) this.latch(line, RING_DUE);
  }

  /** Leaves a line pending. */
  latch(line: Line, due: number): void {
    line.due |= due;
    if (due & STEP_DUE) this.stepping.push(line);
    this.enqueue(line);
    this.touch(line);
  }

  /** To be called when a line may have become deliverable. */
  enqueue(line: Line): void {
    if (line.due === 0 || !line.deliverable) return;
    this.serving.push(line);
    this.onLatch?.();
  }

  /** Marks a line whose waits have to look again. */
  touch(line: Line): void {
    if (line.waiting === 0) return;
    this.touched.push(line);
    this.onLatch?.();
  }

  /** Calls `look` for each line touched since the last call. */
  lookAtTouched(look: (line: Line) => void): void {
    for (let line = this.touched.shift(); line; line = this.touched.shift()) look(line);
  }

  /** Whether a turn may find something to serve. */
  get anyToServe(): boolean {
    return this.serving.length > 0;
  }

  /** Runs the reset step of every line that rang, and nothing else: their handlers stay due. */
  runSteps(): void {
    for (let count = this.stepping.length; count > 0; count--) {
      const line = this.stepping.shift();
      if (!line?.cookie || (line.due & STEP_DUE) === 0) continue;
      line.due &= ~STEP_DUE;
      line.cookie.dispatchStep();
    }
  }

  /**
   * One turn: serves each line that is due and deliverable, once. An exception of a handler comes out, and leaves the
   * lines after it due.
   *
   * @returns how many lines were served
   */
  serve(): number {
    let served = 0;
    for (let count = this.serving.length; count > 0; count--) {
      const line = this.serving.shift();
      if (!line?.deliverable) continue;
      served++;
      this.dispatch(line);
    }
    return served;
  }

  private dispatch(line: Line): void {
    const { due, cookie } = line;
    line.due = 0;
    if (cookie && due & STEP_DUE) cookie.dispatchStep();
    cookie?.tell();
    if (cookie?.loopback) {
      if (cookie.echo()) this.latch(line, RX_DUE);
      return;
    }
    const before = cookie?.channel.rx.consumed;
    try {
      if (line.handler) line.handler(line.irq);
      else cookie?.callOps((due & TX_DUE) !== 0);
    } finally {
      if (cookie && line.cookie === cookie && cookie.channel.rx.consumed !== before && cookie.channel.rx.canRead()) {
        this.latch(line, RX_DUE);
      }
    }
  }

  /** Says that the owner spins on a line, so that its peer need not ring for data. */
  startPolling(line: Line): void {
    if (line.polling) return;
    line.polling = true;
    this.polling.push(line);
    this.updateMask(line);
  }

  /** Says that the owner relies on the rings of all lines again. */
  stopAllPolling(): void {
    for (let line = this.polling.shift(); line; line = this.polling.shift()) {
      line.polling = false;
      this.updateMask(line);
    }
  }

  /** Says that a wait relies on the rings of a line, masked or not. */
  park(line: Line): void {
    line.waiting++;
    line.polling = false;
    this.updateMask(line);
  }

  /** Takes {@link park} back. */
  unpark(line: Line): void {
    line.waiting--;
    this.updateMask(line);
  }

  /**
   * Brings the shared MASKED bit in line with what the owner wants. After unmasking, the line is pending if a ring may have
   * been skipped.
   */
  updateMask(line: Line): void {
    const { cookie } = line;
    const masked = (line.disabled || line.polling) && line.waiting === 0 && !cookie?.loopback;
    if (masked === line.masked) return;
    line.masked = masked;
    this.storeMask(line);
    if (!masked && cookie?.untold()) this.latch(line, RING_DUE);
  }

  /** Clears what an earlier attachment left of its masks. */
  unmaskAll(): void {
    for (const line of this.lines) and(line.word, 0, ~MASKED);
  }

  /** Says that the guest is about to sleep; false: it was rung meanwhile, and must not. */
  arm(): boolean {
    this.armed = (or(this.wake, WAKE, SLEEPING) & ~SLEEPING) === 0; // SYNC wake
    return this.armed;
  }

  /** Takes {@link arm} back. */
  disarm(): void {
    if (!this.armed) return;
    this.armed = false;
    and(this.wake, WAKE, ~SLEEPING);
  }

  /** Blocks after {@link arm} until a ring, at most `timeout` ms. True: the whole timeout went by. */
  sleep(timeout: number): boolean {
    return wait(this.wake, WAKE, SLEEPING, Math.min(timeout, SLICE));
  }

  /** How long the wait under way may still take, in ms, counted from the first time that it asks. */
  timeLeft(timeout: number): number {
    const now = performance.now();
    if (this.deadline === 0) this.deadline = now + timeout;
    return this.deadline - now;
  }

  /** Whether this thread may {@link sleep}. */
  get mayBlock(): boolean {
    this.blocking ??= mayBlock(this.wake, WAKE);
    return this.blocking;
  }

  /** The wake word, for whoever waits on it without blocking. */
  get wakeWord(): Words {
    return this.wake;
  }
}
