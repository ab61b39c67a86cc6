/**
 * Who knows of which plain access: a happens-before race detector whose clocks are compressed to what can still matter. For
 * the last write of each cell, and for each thread's last read of it, there is a set of carriers, threads and words, that
 * know of it. A thread that stores a word tells it what it knows; a thread that loads it learns what the word knows. An
 * access races with an earlier one that its thread does not know of.
 */

/** Carriers: threads first, then words. */
const CARRIERS_PER_PART = 32;
const PARTS = 2;

/** The sets of a state: of each cell, the carriers that know its last write, and those that know each thread's last read. */
export class Knowledge {
  readonly sets: Int32Array;
  private readonly threads: number;

  constructor(cells: number, threads: number) {
    this.threads = threads;
    this.sets = new Int32Array(cells * (1 + threads) * PARTS);
  }

  /** A thread learns what a word knows. */
  acquire(thread: number, word: number): void {
    const { sets } = this;
    const carrier = this.threads + word;
    const part = carrier >>> 5;
    const bit = 1 << (carrier % CARRIERS_PER_PART);
    for (let i = 0; i < sets.length; i += PARTS) {
      if (sets[i + part] & bit && (sets[i] & (1 << thread)) === 0) this.learn(i, thread);
    }
  }

  /** A thread learns what another knew when it ended. */
  inherit(thread: number, from: number): void {
    const { sets } = this;
    for (let i = 0; i < sets.length; i += PARTS) if (sets[i] & (1 << from)) this.learn(i, thread);
  }

  /** A word knows what a thread knows, and nothing else. */
  release(thread: number, word: number): void {
    const { sets } = this;
    const carrier = this.threads + word;
    const part = carrier >>> 5;
    const bit = 1 << (carrier % CARRIERS_PER_PART);
    for (let i = 0; i < sets.length; i += PARTS) {
      if ((sets[i] | sets[i + 1]) === 0) continue;
      if (sets[i] & (1 << thread)) sets[i + part] |= bit;
      else sets[i + part] &= ~bit;
    }
  }

  /** Notes a read. False: it races. */
  read(thread: number, cell: number): boolean {
    const at = cell * (1 + this.threads) * PARTS;
    if (!this.knows(at, thread)) return false;
    const own = at + (1 + thread) * PARTS;
    this.sets[own] = 1 << thread;
    this.sets[own + 1] = 0;
    return true;
  }

  /** Notes a write. False: it races. */
  write(thread: number, cell: number): boolean {
    const { sets, threads } = this;
    const at = cell * (1 + threads) * PARTS;
    for (let i = 0; i <= threads; i++) if (!this.knows(at + i * PARTS, thread)) return false;
    sets.fill(0, at, at + (1 + threads) * PARTS);
    sets[at] = 1 << thread;
    return true;
  }

  private knows(set: number, thread: number): boolean {
    const { sets } = this;
    return (sets[set] | sets[set + 1]) === 0 || (sets[set] & (1 << thread)) !== 0;
  }

  /** What every thread knows matters no more. */
  private learn(set: number, thread: number): void {
    const { sets, threads } = this;
    sets[set] |= 1 << thread;
    const everybody = (1 << threads) - 1;
    if ((sets[set] & everybody) !== everybody) return;
    sets[set] = 0;
    sets[set + 1] = 0;
  }
}
