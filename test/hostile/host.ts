/**
 * A thread's event loop that stands still: what the library leaves for later waits here until a test lets it happen. So a
 * turn is a plain call, which can be made again and again.
 */
import { vi } from "vitest";

type Callback = () => void;

/** A timer: what `setTimeout` (once) or `setInterval` made. */
interface Timer {
  readonly callback: Callback;
  readonly once: boolean;
}

class Host {
  /** What `setImmediate` was given. */
  immediates: Callback[] = [];
  timers: Timer[] = [];
  /** What `queueMicrotask` was given. */
  microtasks: Callback[] = [];
  /** Who waits for the promises of `waitAsync`. */
  parked: Callback[] = [];

  /** Until what it returns is called, puts itself in the place of the thread's event loop. */
  install(): () => void {
    const start =
      (once: boolean) =>
      (callback: Callback): Timer => {
        const timer = { callback, once };
        this.timers.push(timer);
        return timer;
      };
    const clear = (timer: unknown): void => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
    vi.stubGlobal("setImmediate", (callback: Callback) => this.immediates.push(callback));
    vi.stubGlobal("queueMicrotask", (callback: Callback) => this.microtasks.push(callback));
    vi.stubGlobal("setTimeout", start(true));
    vi.stubGlobal("setInterval", start(false));
    vi.stubGlobal("clearTimeout", clear);
    vi.stubGlobal("clearInterval", clear);
    return () => vi.unstubAllGlobals();
  }

  /** A promise of `waitAsync`. It calls back within {@link turn}, not in a microtask. */
  park(): Promise<unknown> {
    // biome-ignore lint/suspicious/noThenProperty: it stands for a promise
    return { then: (callback: Callback) => this.parked.push(callback) } as unknown as Promise<unknown>;
  }

  /** How the next turn comes about. */
  get next(): "soon" | "rung" | "never" {
    if (this.immediates.length > 1 || this.parked.length > 1) throw new Error("expected one turn to be due, not two");
    if (this.immediates.length > 0) return "soon";
    return this.parked.length > 0 ? "rung" : "never";
  }

  /** Lets the next turn happen, soon or because of a ring. */
  turn(): void {
    const callback = this.immediates.shift() ?? this.parked.shift();
    if (!callback) throw new Error("expected a turn to be due");
    callback();
  }

  /** Lets the oldest timer of a kind go off. */
  tick(once: boolean): void {
    const timer = this.timers.find((other) => other.once === once);
    if (!timer) throw new Error("expected a timer");
    if (once) this.timers = this.timers.filter((other) => other !== timer);
    timer.callback();
  }

  /** All that waits, to be put back by {@link restore}. */
  save(): Pick<Host, "immediates" | "timers" | "microtasks" | "parked"> {
    const { immediates, timers, microtasks, parked } = this;
    return { immediates: [...immediates], timers: [...timers], microtasks: [...microtasks], parked: [...parked] };
  }

  /** Forgets all that waits. */
  forget(): void {
    this.restore({ immediates: [], timers: [], microtasks: [], parked: [] });
  }

  restore({ immediates, timers, microtasks, parked }: ReturnType<Host["save"]>): void {
    this.immediates = [...immediates];
    this.timers = [...timers];
    this.microtasks = [...microtasks];
    this.parked = [...parked];
  }
}

/** The host of this test file: each has a module of its own. */
export const host: Host = new Host();
