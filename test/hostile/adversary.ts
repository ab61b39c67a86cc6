/**
 * A peer that writes whatever it likes, at the worst moments, and a guard over what the library does meanwhile.
 *
 * A hostile test puts `besieged` in the place of src/memory.ts. Just before each fetch of a word that the peer can
 * reach (a load, or the old value of a read-modify-write) the peer stores a value of its own there: {@link Adversary.exhaust}
 * runs a call again and again, until every value of the word's domain has been tried at every fetch, after every other.
 * That is the whole tree of answers which a call may get. The guard knows of each byte what may be done to it, and
 * refuses all else; it counts the operations, and ends a call that does not end.
 */
import type * as Memory from "../../src/memory.ts";

type Words = Memory.Words;

/** What may be done to a word: loaded, stored (both: read-modify-write), and whether the peer writes it meanwhile. */
export const LOAD = 1;
export const STORE = 2;
export const HOSTILE = 4;

/** More operations than any call makes. */
const RUNAWAY = 10_000;

/** A bit of no state. */
const NOISE = 1 << 8;

/** More leaves than any tree shall have. */
const LARGEST = 50_000;

interface Word {
  readonly name: string;
  rights: number;
  readonly domain: readonly number[];
}

interface Frames {
  readonly verb: "read" | "write";
  readonly buffer: SharedArrayBuffer;
  readonly start: number;
  readonly frameSize: number;
  readonly nframes: number;
}

/** Which fetches of a call the peer answers as it likes: from, and to before. The others find what memory holds. */
export type Window = readonly [from: number, to: number];

class Adversary {
  /** Operations since the last {@link restart}: each on a word, each copy. */
  operations = 0;
  /** Slots of the tx queue that were written, in order. */
  written: number[] = [];
  /** Slots of the rx queue that were read, in order. */
  read: number[] = [];
  private words = new Map<ArrayBufferLike, (Word | undefined)[]>();
  private frames: Frames[] = [];
  private active = false;
  /** What the peer writes to the word of that name where it is not free. Undefined: it leaves the word as it is. */
  usual: ((name: string) => number | undefined) | undefined;
  /** Whether, where the peer is not free, it makes every compare-exchange fail by a bit that means nothing. */
  contrary = false;
  /** Most fetches in a leaf of the last tree. */
  longest = 0;
  private refusal: string | undefined;
  /** The path to the leaf of the tree: which value of how many, at each fetch so far. */
  private readonly path: number[] = [];
  private readonly widths: number[] = [];
  private readonly answers: (string | number)[] = [];
  private depth = 0;
  private fetches = 0;
  private free: Window = [0, 0];

  /** Forgets all memory. */
  forget(): void {
    this.words = new Map();
    this.frames = [];
  }

  /** Says what may be done to a word, and what the peer writes there. */
  word(buffer: SharedArrayBuffer, at: number, name: string, rights: number, domain: readonly number[] = []): void {
    const words = this.words.get(buffer) ?? new Array<undefined>(buffer.byteLength / 4).fill(undefined);
    words[at / 4] = { name, rights, domain: [...new Set(domain.map((value) => value | 0))] };
    this.words.set(buffer, words);
  }

  /** Says where the frames of a queue lie, and what may be done to them. */
  queue(frames: Frames): void {
    this.frames.push(frames);
  }

  /** Grants, or takes back, the right to load the words that the endpoint opens on. */
  mayOpen(buffer: SharedArrayBuffer, at: number, may: boolean): void {
    const word = this.words.get(buffer)?.[at / 4] as Word;
    word.rights = may ? LOAD | STORE | HOSTILE : STORE;
  }

  /** Indices of the words of a buffer that nobody may touch. */
  canaries(buffer: SharedArrayBuffer): number[] {
    return [...Array(buffer.byteLength / 4).keys()].filter(
      (index) => !this.words.get(buffer)?.[index] && this.slotOf("write", buffer, 4 * index, 4) === undefined,
    );
  }

  /**
   * Makes a call once for every leaf of its tree.
   *
   * @param once - brings everything to where it was, makes the call, and holds the outcome against the contract
   * @param free - which fetches are free, if the tree of all is too large
   * @returns how many leaves there are
   */
  exhaust(once: () => void, free: Window = [0, Number.POSITIVE_INFINITY]): number {
    const { path, widths } = this;
    path.length = 0;
    this.free = free;
    this.longest = 0;
    for (let leaves = 1; ; leaves++) {
      if (leaves > LARGEST) throw new Error(`more than ${LARGEST} leaves`);
      this.depth = 0;
      this.fetches = 0;
      this.answers.length = 0;
      try {
        once();
        if (this.refusal) throw new Error(this.refusal);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`${why}\nwith the answers: ${this.answers.join(" ")}`, { cause: error });
      } finally {
        this.active = false;
        this.refusal = undefined;
      }
      this.longest = Math.max(this.longest, this.fetches);
      path.length = this.depth;
      while (path.length > 0 && path.at(-1) === (widths[path.length - 1] as number) - 1) path.pop();
      if (path.length === 0) return leaves;
      path[path.length - 1]!++;
    }
  }

  /** Within {@link exhaust}: makes a call that the peer disturbs. */
  disturb<Answer>(call: () => Answer): Answer {
    this.operations = 0;
    this.written = [];
    this.read = [];
    this.active = true;
    try {
      return call();
    } finally {
      this.active = false;
    }
  }

  /** Whether a call is being disturbed. */
  get disturbing(): boolean {
    return this.active;
  }

  /** One of several ways for the world to be; the first, where the peer is not free. */
  choose(name: string, ways: readonly number[]): number {
    const fetch = this.fetches++;
    if (fetch < this.free[0] || fetch >= this.free[1]) return ways[0] as number;
    const at = this.depth;
    this.path[at] ??= 0;
    this.widths[at] = ways.length;
    this.depth++;
    const way = ways[this.path[at]] as number;
    this.answers.push(name, way >>> 0);
    return way;
  }

  /** An access to a word. */
  access(words: Words, index: number, rights: number, expected?: number): void {
    if (!this.active) return;
    this.count();
    const word = this.words.get(words.buffer)?.[words.byteOffset / 4 + index];
    if (!word || index < 0 || index >= words.length) this.refuse(`word ${index} of the view at ${words.byteOffset}`);
    else if ((word.rights & rights) !== rights)
      this.refuse(`${rights & LOAD ? "a load of" : "a store to"} ${word.name}`);
    else if (rights & LOAD && word.rights & HOSTILE) {
      const usual = this.usual?.(word.name) ?? (words[index] as number);
      const honest = this.contrary && expected !== undefined ? expected ^ NOISE : usual;
      const ways = [honest, ...word.domain.filter((value) => value !== honest)];
      if (expected !== undefined && !ways.includes(expected)) ways.push(expected);
      words[index] = this.choose(word.name, ways);
    }
  }

  /** An access to payload: `length` bytes from `at` on. Private memory is let alone. */
  payload(verb: "read" | "write", bytes: Uint8Array, at: number, length: number): void {
    if (!this.active || !(bytes.buffer instanceof SharedArrayBuffer)) return;
    this.count();
    if (at < 0 || length < 0 || at + length > bytes.byteLength) this.refuse(`${verb} [${at}, ${at + length})`);
    if (length === 0) return;
    const slot = this.slotOf(verb, bytes.buffer, bytes.byteOffset + at, length);
    const slots = verb === "write" ? this.written : this.read;
    if (slot === undefined) this.refuse(`${verb} of ${length} bytes at ${bytes.byteOffset + at}`);
    else if (slots.at(-1) !== slot) slots.push(slot);
  }

  /** The making of a view. */
  view(buffer: SharedArrayBuffer, from: number, length: number): void {
    if (from < 0 || length < 0 || from + length > buffer.byteLength) this.refuse(`a view at ${from}`);
  }

  /** The slot in which all of a range lies. */
  private slotOf(verb: string, buffer: ArrayBufferLike, from: number, length: number): number | undefined {
    for (const queue of this.frames) {
      if (queue.buffer !== buffer || queue.verb !== verb) continue;
      const { start, frameSize, nframes } = queue;
      const slot = Math.floor((from - start) / frameSize);
      if (slot >= 0 && slot < nframes && from + length <= start + (slot + 1) * frameSize) return slot;
    }
    return undefined;
  }

  private count(): void {
    if (++this.operations > RUNAWAY) this.refuse(`operation ${this.operations}`);
  }

  private refuse(what: string): void {
    this.refusal ??= `refused: ${what}`;
    throw new Error(this.refusal);
  }
}

/** The adversary of this test file: each has a module of its own. */
export const adversary: Adversary = new Adversary();
