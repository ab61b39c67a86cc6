/** What a simulated thread finds around the library: a clock, timers and promises, all under the explorer's control. */

/** When each call begins, in ms; times are relative to it, so that two calls later in the day are the same. */
export const START = 1_000_000;

interface Timer {
  callback: () => void;
  at: number;
  readonly every: number | undefined;
}

type Executor<T> = (resolve: (value: T) => void) => void;

/** As much of a promise as the library uses; its reactions are microtasks of the thread. */
class SimPromise<T> {
  private reactions: ((value: T) => void)[] = [];
  private value: T | undefined;
  private readonly host: Host;

  constructor(host: Host, executor: Executor<T>) {
    this.host = host;
    host.promises.push(this);
    executor((value) => this.resolve(value));
  }

  resolve(value: T): void {
    const { host } = this;
    if (!host.promises.includes(this)) return;
    host.promises = host.promises.filter((other) => other !== this);
    this.value = value;
    for (const reaction of this.reactions) host.microtasks.push(() => reaction(value));
  }

  // biome-ignore lint/suspicious/noThenProperty: it stands for a promise
  then(reaction: (value: T) => void): void {
    const { host, value } = this;
    if (host.promises.includes(this)) this.reactions.push(reaction);
    else host.microtasks.push(() => reaction(value as T));
  }
}

/** The surroundings of one thread. */
export class Host {
  clock: number = START;
  microtasks: (() => void)[] = [];
  immediates: (() => void)[] = [];
  timers: Timer[] = [];
  /** Promises not resolved yet: no other object need lead to them. */
  promises: unknown[] = [];
  /** The promise of the `waitAsync` that is outstanding. */
  waiting: SimPromise<string> | undefined;

  /** The globals that the library shall see. */
  globals(): Record<string, unknown> {
    const host = this;
    const later = (callback: () => void, delay: number, every?: number): Timer => {
      const timer = { callback, at: host.clock + delay, every };
      host.timers.push(timer);
      return timer;
    };
    const clear = (timer: Timer | undefined): void => {
      host.timers = host.timers.filter((other) => other !== timer);
    };
    const setImmediate = (callback: () => void): object => {
      host.immediates.push(callback);
      return {};
    };
    return {
      performance: { now: () => host.clock },
      setTimeout: (callback: () => void, delay: number) => later(callback, delay),
      setInterval: (callback: () => void, delay: number) => later(callback, delay, delay),
      clearTimeout: clear,
      clearInterval: clear,
      queueMicrotask: (callback: () => void) => host.microtasks.push(callback),
      Promise: class<T> extends SimPromise<T> {
        constructor(executor: Executor<T>) {
          super(host, executor);
        }
        static resolve<T>(value: T): SimPromise<T> {
          return new SimPromise(host, (resolve) => resolve(value));
        }
      },
      globalThis: { setImmediate },
    };
  }

  /** Runs the microtasks that are due, and those they make. */
  drain(): void {
    for (let task = this.microtasks.shift(); task; task = this.microtasks.shift()) task();
  }

  /** Runs the first immediate. */
  runImmediate(): void {
    this.immediates.shift()?.();
    this.drain();
  }

  /** Lets the time of the next timer come, and runs it. */
  runTimer(): void {
    const at = Math.min(...this.timers.map((timer) => timer.at));
    const timer = this.timers.find((timer) => timer.at === at) as Timer;
    this.clock = Math.max(this.clock, at);
    if (timer.every === undefined) this.timers = this.timers.filter((other) => other !== timer);
    else timer.at = this.clock + timer.every;
    timer.callback();
    this.drain();
  }

  /** A promise for when the word waited for is notified. */
  waitToBeNotified(): SimPromise<string> {
    this.waiting = new SimPromise<string>(this, () => undefined);
    return this.waiting;
  }

  /** Says that it was. */
  runNotified(): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve("ok");
    this.drain();
  }

  /** Sets the clock back to the start of a call. */
  rebase(): number {
    const passed = this.clock - START;
    this.clock = START;
    for (const timer of this.timers) timer.at -= passed;
    return passed;
  }
}
