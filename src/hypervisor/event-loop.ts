/**
 * How a guest takes interrupts without blocking: one `Atomics.waitAsync` on its wake word serves its handlers, while it
 * listens, and all its async waits. It takes turns, and yields to the thread's event loop between them.
 */
import { notify, waitAsync } from "../memory.ts";
import { later, ref, unref } from "../platform.ts";
import { SLEEPING, WAKE } from "./areas.ts";
import type { IvcCookie } from "./cookie.ts";
import { type Interrupts, SLICE } from "./interrupts.ts";
import type { Line } from "./line.ts";
import type { Condition, WaitOutcome } from "./waits.ts";

/** An async wait that is parked. */
interface Waiter {
  readonly cookie: IvcCookie;
  readonly condition: Condition;
  readonly settle: (outcome: WaitOutcome) => void;
}

type Timer = ReturnType<typeof setTimeout>;

/** The event-loop side of a guest. */
export class EventLoop {
  private readonly interrupts: Interrupts;
  private readonly waiters = new Map<Line, Set<Waiter>>();
  /** Whether it takes interrupts: it listens, or an async wait is parked. Kept by {@link update}, as every wait asks. */
  active = false;
  private listening = false;
  private keepAlive = true;
  /** Ends a slice, and keeps a Node.js process alive: a promise of `waitAsync` alone does not. */
  private timer: Timer | undefined;
  /** Whether a turn is sure to come without a ring. */
  private scheduled = false;
  /** Whether a turn is under way: it arranges for the next one itself. */
  private turning = false;
  /** Whether a promise of `waitAsync` is outstanding. */
  private parked = false;
  /** Turns without a ring after which a listener parks. */
  private spin = 0;
  /** Turns since the last one that found a ring. */
  private idle = 0;

  constructor(interrupts: Interrupts) {
    this.interrupts = interrupts;
    interrupts.onLatch = () => {
      if (this.active) this.schedule();
    };
  }

  /** Starts to deliver to the handlers. */
  listen(keepAlive: boolean, spin: number): void {
    this.listening = true;
    this.keepAlive = keepAlive;
    this.spin = spin;
    this.idle = 0;
    this.update();
    this.interrupts.stopAllPolling();
    this.interrupts.latchAll();
    this.schedule();
  }

  /** Stops to deliver to the handlers; async waits go on. */
  stopListening(): void {
    this.listening = false;
    this.update();
  }

  /** Parks an async wait. */
  wait(
    cookie: IvcCookie,
    condition: Condition,
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<WaitOutcome> {
    return new Promise((resolve) => {
      const { line } = cookie;
      const settle = (outcome: WaitOutcome): void => {
        if (!this.remove(line, waiter)) return;
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        resolve(outcome);
      };
      const waiter: Waiter = { cookie, condition, settle };
      const abort = (): void => settle("aborted");
      const timer = setTimeout(() => {
        this.turn();
        settle(condition.outcome(cookie) ?? "timed-out");
      }, timeout);
      signal?.addEventListener("abort", abort);
      this.add(line, waiter);
      const outcome = condition.outcome(cookie);
      if (outcome !== undefined) settle(outcome);
      else this.park();
    });
  }

  /** Ends the async waits on a line as closed. */
  close(line: Line): void {
    for (const waiter of this.waiters.get(line) ?? []) waiter.settle("closed");
  }

  /** To be called after a wait or a poll, so that rings are as the event loop needs them. */
  resume(): void {
    if (!this.active) return;
    this.interrupts.stopAllPolling();
    if (!this.interrupts.armed) this.schedule();
  }

  private add(line: Line, waiter: Waiter): void {
    const waiters = this.waiters.get(line);
    if (waiters) waiters.add(waiter);
    else this.waiters.set(line, new Set([waiter]));
    this.update();
    this.interrupts.stopAllPolling();
    this.interrupts.park(line);
  }

  private remove(line: Line, waiter: Waiter): boolean {
    const waiters = this.waiters.get(line);
    if (!waiters?.delete(waiter)) return false;
    if (waiters.size === 0) this.waiters.delete(line);
    this.update();
    this.interrupts.unpark(line);
    return true;
  }

  /** Brings {@link active} and the timer in line with who is served. */
  private update(): void {
    this.active = this.listening || this.waiters.size > 0;
    if (this.active) this.timer ??= setInterval(() => this.lookAtAll(), SLICE);
    if (this.timer === undefined) return;
    if (this.keepsAlive) ref(this.timer);
    else unref(this.timer);
    if (this.active) return;
    this.interrupts.disarm();
    if (this.parked) notify(this.interrupts.wakeWord, WAKE);
  }

  private get keepsAlive(): boolean {
    return this.waiters.size > 0 || (this.listening && this.keepAlive);
  }

  private lookAtAll(): void {
    if (this.active) {
      this.interrupts.lookAtAll();
      this.schedule();
    } else {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  private schedule(): void {
    if (this.scheduled || this.turning) return;
    this.scheduled = true;
    later(() => {
      this.scheduled = false;
      this.turn();
    }, this.keepsAlive);
  }

  private turn(): void {
    if (!this.active) return;
    const { interrupts } = this;
    this.turning = true;
    if (interrupts.collect()) this.idle = 0;
    if (this.listening) this.deliver();
    if (this.waiters.size > 0) interrupts.runSteps();
    interrupts.lookAtTouched((line) => this.lookAtWaits(line));
    this.turning = false;
    this.park();
  }

  private deliver(): void {
    try {
      this.interrupts.serve();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  private lookAtWaits(line: Line): void {
    for (const waiter of this.waiters.get(line) ?? []) {
      const outcome = waiter.condition.outcome(waiter.cookie);
      if (outcome !== undefined) waiter.settle(outcome);
    }
  }

  /** Arranges for the next turn: soon if there is something to do, or may be; else when a ring comes. */
  private park(): void {
    if (!this.active || this.scheduled) return;
    const { interrupts } = this;
    const spinning = this.listening && this.idle < this.spin;
    if (spinning) this.idle++;
    if (spinning || (this.listening && interrupts.anyToServe) || !interrupts.arm()) {
      this.schedule();
      return;
    }
    if (this.parked) return;
    const promise = waitAsync(interrupts.wakeWord, WAKE, SLEEPING);
    if (!promise) {
      this.schedule();
      return;
    }
    this.parked = true;
    promise.then(() => {
      this.parked = false;
      this.turn();
    });
  }
}
