/**
 * The memory seam of one simulated thread. It answers each operation from a log of results, and stops the thread at the
 * first one that is not logged: that is what the thread does next. While a scenario is set up it acts on the initial memory.
 */
import type * as Memory from "../../src/memory.ts";
import type { Host } from "./host.ts";
import { type Machine, VOID } from "./machine.ts";

/** What a thread does next. */
export const LOAD = 0;
export const STORE = 1;
const EXCHANGE = 2;
const COMPARE_EXCHANGE = 3;
const ADD = 4;
const OR = 5;
const AND = 6;
export const NOTIFY = 7;
/** Sleep while a word holds a value. Results: {@link AWAKE}, {@link TIMED_OUT}, {@link SPURIOUS}. */
export const WAIT = 8;
/** Ask to be notified of a word that holds a value. Results: 0, it does not; 1. */
export const WAIT_ASYNC = 9;
/** Yield to the event loop. Results: {@link IMMEDIATE}, {@link NOTIFIED}, {@link TIMER}. */
export const IDLE = 10;
/** Plain accesses to a cell; no thread is scheduled between one and the operation before it. */
export const READ = 11;
export const WRITE = 12;
/** One of several ways to go on, all of which are explored: `a` is how many. */
export const CHOOSE = 13;

export const AWAKE = 0;
export const TIMED_OUT = 1;
export const SPURIOUS = 2;

export const IMMEDIATE = 0;
export const NOTIFIED = 1;
export const TIMER = 2;

/** What a private byte is that was read from a cell that holds VOID: no scenario sends it. */
const JUNK = 0xee;

/** An operation: on which word or cell, and with which values. */
export interface Operation {
  readonly kind: number;
  readonly at: number;
  readonly a: number;
  readonly b: number;
}

/** Thrown through the library when it reaches an operation that is not logged. */
class Stop extends Error {}

/** Where a view of shared memory lies. */
interface Place {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
}

const places = new WeakMap<object, Place>();

/** Where a view lies, if it is one of shared memory. */
export function placeOf(view: object): Place | undefined {
  return places.get(view);
}

/** A view whose elements may be touched through the seam only. */
function guarded<View extends Int32Array | Uint8Array>(view: View): View {
  const proxy = new Proxy(view, {
    get(target, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) throw new Error("shared memory is read past the seam");
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set() {
      throw new Error("shared memory is written past the seam");
    },
  });
  places.set(proxy, { buffer: view.buffer, byteOffset: view.byteOffset });
  return proxy;
}

/** The seam of one thread. */
export class Recorder {
  /** What the thread does next, once it has been stopped. */
  pending: Operation | undefined;
  /** What a scenario found wrong. */
  failure: string | undefined;
  /** Called when the thread is stopped, before its stack is unwound. */
  onStop: (pending: Operation) => void = () => undefined;
  private log: readonly number[] | undefined;
  private at = 0;
  private readonly machine: Machine;
  private readonly host: Host;
  private readonly cells: Int32Array;

  constructor(machine: Machine, host: Host, cells: Int32Array) {
    this.machine = machine;
    this.host = host;
    this.cells = cells;
  }

  /** Ends the setting up. */
  freeze(): void {
    this.log = [];
  }

  /** Runs with these results, up to the first operation after them. Whether the run came to its own end before. */
  replay(log: readonly number[], run: () => void): boolean {
    this.log = log;
    this.at = 0;
    this.pending = undefined;
    this.failure = undefined;
    try {
      run();
    } catch (error) {
      if (!this.pending) throw error;
    }
    return this.pending === undefined;
  }

  /** Reports what must not be. */
  expect(holds: boolean, message: string): void {
    if (!holds && !this.pending) this.failure ??= message;
  }

  /** Fills a frame in place. */
  fill(frame: Uint8Array, value: number): void {
    const { buffer, byteOffset } = placeOf(frame) as Place;
    for (const cell of this.machine.cellsAt(buffer, byteOffset, frame.byteLength)) this.perform(WRITE, cell, value, 0);
  }

  /** What a frame is filled with, in place: a value, or VOID if parts of it differ. */
  valueOf(frame: Uint8Array): number {
    return same(this.read(frame, 0, frame.byteLength));
  }

  /** Waits for the next task of the event loop. */
  idle(): void {
    const { host } = this;
    const result = this.perform(IDLE, 0, host.immediates.length > 0 ? 1 : 0, host.timers.length > 0 ? 1 : 0);
    if (result === IMMEDIATE) host.runImmediate();
    else if (result === NOTIFIED) host.runNotified();
    else host.runTimer();
  }

  /** One of so many ways: 0, 1, … */
  choose(ways: number): number {
    return ways === 1 ? 0 : this.perform(CHOOSE, 0, ways, 0);
  }

  /** What stands for src/memory.ts. */
  seam(): typeof Memory {
    const atomic =
      (kind: number) =>
      (words: Int32Array, index: number, a = 0, b = 0): number =>
        this.perform(kind, this.word(words, index), a, b);
    return {
      wordsOf: (buffer, byteOffset, length) => guarded(new Int32Array(buffer, byteOffset, length)),
      bytesOf: (buffer, byteOffset, length) => guarded(new Uint8Array(buffer, byteOffset, length)),
      load: atomic(LOAD),
      store: atomic(STORE),
      exchange: atomic(EXCHANGE),
      compareExchange: atomic(COMPARE_EXCHANGE),
      add: atomic(ADD),
      or: atomic(OR),
      and: atomic(AND),
      notify: atomic(NOTIFY),
      wait: (words, index, expected, timeout) => {
        const timedOut = atomic(WAIT)(words, index, expected) === TIMED_OUT;
        if (timedOut) this.host.clock += timeout;
        return timedOut;
      },
      mayBlock: () => true,
      pause: () => undefined,
      waitAsync: (words, index, expected) => {
        if (atomic(WAIT_ASYNC)(words, index, expected) === 0) return undefined;
        return this.host.waitToBeNotified() as unknown as Promise<unknown>;
      },
      copyIn: (target, at, source, length) => this.write(target, at, this.read(source, 0, length), length),
      copyFrame: (target, frame) => this.write(target, 0, this.read(frame, 0, frame.byteLength), frame.byteLength),
      copyOut: (target, source, at, length) => this.write(target, 0, this.read(source, at, length), length),
      claim: (bytes, from, to, step) => {
        for (let at = from; at < to; at += step) this.write(bytes, at, this.read(bytes, at, step), step);
      },
      zero: (bytes, from, to) => {
        if (from < to) this.write(bytes, from, [0], to - from);
      },
    };
  }

  private word(words: Int32Array, index: number): number {
    const { buffer, byteOffset } = placeOf(words) as Place;
    return this.machine.word(buffer, byteOffset + 4 * index);
  }

  /** The values of bytes: of each cell, or of private memory. */
  private read(source: Uint8Array, at: number, length: number): number[] {
    const place = placeOf(source);
    if (!place) return [...source.subarray(at, at + length)];
    return this.machine
      .cellsAt(place.buffer, place.byteOffset + at, length)
      .map((cell) => this.perform(READ, cell, 0, 0));
  }

  /** Writes values, each to an equal part of `length` bytes. */
  private write(target: Uint8Array, at: number, values: readonly number[], length: number): void {
    const place = placeOf(target);
    if (place) {
      const cells = this.machine.cellsAt(place.buffer, place.byteOffset + at, length);
      for (const [i, cell] of cells.entries()) {
        const share = values.length / cells.length;
        const values_ = share < 1 ? values : values.slice(i * share, (i + 1) * share);
        this.perform(WRITE, cell, same(values_), 0);
      }
    } else {
      const share = length / values.length;
      for (const [i, value] of values.entries())
        target.fill(value === VOID ? JUNK : value, at + i * share, at + (i + 1) * share);
    }
  }

  private perform(kind: number, at: number, a: number, b: number): number {
    if (this.log === undefined) return this.act(kind, at, a, b);
    if (this.pending === undefined) {
      if (this.at < this.log.length) return this.log[this.at++] as number;
      this.pending = { kind, at, a, b };
      this.onStop(this.pending);
    }
    throw new Stop();
  }

  /** Does an operation at once, on the initial memory. */
  private act(kind: number, at: number, a: number, b: number): number {
    if (kind === READ) return this.cells[at];
    if (kind === WRITE) {
      this.cells[at] = a;
      return 0;
    }
    const words = this.machine.initial;
    const old = words[at];
    words[at] = changed(kind, old, a, b);
    return old;
  }
}

/** What a word holds after an operation. */
export function changed(kind: number, old: number, a: number, b: number): number {
  switch (kind) {
    case STORE:
    case EXCHANGE:
      return a | 0;
    case COMPARE_EXCHANGE:
      return old === (a | 0) ? b | 0 : old;
    case ADD:
      return (old + a) | 0;
    case OR:
      return old | a;
    case AND:
      return old & a;
    default:
      return old;
  }
}

/** The value that all parts have, or VOID. */
function same(values: readonly number[]): number {
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? first : VOID;
}
