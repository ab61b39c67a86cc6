/**
 * Records what the library does to shared memory, in order. A golden test puts {@link recorded} in the place of
 * src/memory.ts, tells the {@link trace} what the bytes are called, and holds the log against one written by hand.
 *
 * Words are logged as `load peer rx.count 0`, `store own tx.count 1`, `or peer line 1 → 0` (→ the old value); frames as
 * `write tx frame 0 [0, 10)`, `zero …`, `read …`. Private memory is not logged; shared memory without a name is, so that
 * no access goes unseen.
 */
import type * as Memory from "../../src/memory.ts";

type Words = Memory.Words;

interface Frames {
  readonly name: string;
  readonly buffer: SharedArrayBuffer;
  readonly start: number;
  readonly frameSize: number;
  readonly nframes: number;
}

/** How a value is written in the log, where a number would tell little. */
type Show = (value: number) => string;

class Trace {
  /** Views of shared memory made so far. */
  views = 0;
  private log: string[] | undefined;
  private readonly words = new Map<ArrayBufferLike, Map<number, readonly [string, Show]>>();
  private readonly frames: Frames[] = [];
  private readonly hidden = new Set<ArrayBufferLike>();
  private meddler: { readonly operation: string; readonly action: () => void } | undefined;

  /** Names the word at a byte offset of a buffer. */
  nameWord(buffer: SharedArrayBuffer, byteOffset: number, name: string, show: Show = String): void {
    const names = this.words.get(buffer) ?? new Map<number, readonly [string, Show]>();
    this.words.set(buffer, names.set(byteOffset, [name, show]));
  }

  /** Names the frames of a queue. */
  nameFrames(name: string, buffer: SharedArrayBuffer, start: number, frameSize: number, nframes: number): void {
    this.frames.push({ name, buffer, start, frameSize, nframes });
  }

  /** Leaves a buffer out of the log. */
  hide(buffer: SharedArrayBuffer): void {
    this.hidden.add(buffer);
  }

  /** What a call does, in order. */
  of(call: () => unknown): string[] {
    const log: string[] = [];
    this.log = log;
    try {
      call();
    } finally {
      this.log = undefined;
    }
    return log;
  }

  /** Logs what is no operation on memory: the call of a `notify` function. */
  note(what: string): void {
    this.log?.push(what);
  }

  /** Does something, unseen, just before each operation on words that begins so: what the peer does meanwhile. */
  meanwhile(operation: string, action: () => void): void {
    this.meddler = { operation, action };
  }

  /** Ends {@link meanwhile}. */
  undisturbed(): void {
    this.meddler = undefined;
  }

  /** An access to a word; `run` does it. */
  word(verb: string, words: Words, index: number, values: readonly number[], run: () => unknown): unknown {
    if (this.log === undefined || this.hidden.has(words.buffer)) return run();
    const at = words.byteOffset + 4 * index;
    const [name, show] = this.words.get(words.buffer)?.get(at) ?? [`unnamed word at ${at}`, String];
    const operation = `${verb} ${name}`;
    if (this.meddler && operation.startsWith(this.meddler.operation)) this.meddler.action();
    const old = run();
    const shown = values.map((value) => ` ${show(value >>> 0)}`).join("");
    let result = "";
    if (verb === "load") result = ` ${show((old as number) >>> 0)}`;
    else if (typeof old === "number") result = ` → ${show(old >>> 0)}`;
    this.log.push(operation + shown + result);
    return old;
  }

  /** An access to `length` bytes from `at` on. */
  bytes(verb: string, bytes: Uint8Array, at: number, length: number): void {
    if (length === 0 || !(bytes.buffer instanceof SharedArrayBuffer)) return;
    const start = bytes.byteOffset + at;
    for (const { name, buffer, start: first, frameSize, nframes } of this.frames) {
      const slot = Math.floor((start - first) / frameSize);
      if (buffer !== bytes.buffer || slot < 0 || slot >= nframes) continue;
      const offset = start - first - slot * frameSize;
      this.note(`${verb} ${name} frame ${slot} [${offset}, ${offset + length})`);
      return;
    }
    this.note(`${verb} unnamed bytes at ${start}`);
  }
}

/** The trace of this test file: each has a module of its own. */
export const trace: Trace = new Trace();

/** The words of a log line that are atomic operations, not payload and not the call of a notify function. */
export function atomics(log: readonly string[]): number {
  return log.filter((line) => !/^(write|zero|read|claim|notify$)/.test(line)).length;
}

/** The real memory module, with each access recorded. A function that it does not know is refused. */
export function recorded(real: typeof Memory): typeof Memory {
  const word = (verb: string, returns: boolean) => {
    const run = real[verb as "store"] as (...args: unknown[]) => unknown;
    return (words: Words, index: number, ...values: number[]): unknown =>
      trace.word(verb, words, index, values, () => {
        const result = run(words, index, ...values);
        return returns ? result : undefined;
      });
  };
  const known = {
    wordsOf(...place: Parameters<typeof real.wordsOf>): Words {
      trace.views++;
      return real.wordsOf(...place);
    },
    bytesOf(...place: Parameters<typeof real.bytesOf>): Uint8Array {
      trace.views++;
      return real.bytesOf(...place);
    },
    mayBlock: real.mayBlock,
    pause: real.pause,
    load: word("load", true),
    store: word("store", false),
    exchange: word("exchange", true),
    compareExchange: word("compareExchange", true),
    add: word("add", true),
    or: word("or", true),
    and: word("and", true),
    notify: word("notify", false),
    wait: word("wait", true),
    waitAsync: word("waitAsync", true),
    copyIn(target: Uint8Array, at: number, source: Uint8Array, length: number): void {
      trace.bytes("read", source, 0, length);
      trace.bytes("write", target, at, length);
      real.copyIn(target, at, source, length);
    },
    copyFrame(target: Uint8Array, frame: Uint8Array): void {
      trace.bytes("read", frame, 0, frame.byteLength);
      trace.bytes("write", target, 0, frame.byteLength);
      real.copyFrame(target, frame);
    },
    copyOut(target: Uint8Array, source: Uint8Array, at: number, length: number): void {
      trace.bytes("read", source, at, length);
      trace.bytes("write", target, 0, length);
      real.copyOut(target, source, at, length);
    },
    claim(bytes: Uint8Array, from: number, to: number, step: number): void {
      for (let at = from; at < to; at += step) trace.bytes("claim", bytes, at, 1);
      real.claim(bytes, from, to, step);
    },
    zero(bytes: Uint8Array, from: number, to: number): void {
      trace.bytes("zero", bytes, from, Math.max(to - from, 0));
      real.zero(bytes, from, to);
    },
  };
  for (const name of Object.keys(real)) {
    if (!(name in known)) throw new Error(`test/golden/trace.ts does not know memory.${name}`);
  }
  return known as typeof Memory;
}
