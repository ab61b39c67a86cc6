/**
 * The peer that makes a call work hardest: there always is another frame to read and room for another one, every frame
 * moved is a transition, nobody masks, no ring is pending, and whoever is rung sleeps.
 */
import type { Places } from "./contract.ts";

const SLEEPING = 1 << 31;

/** Frames moved: the own count of a queue when the peer's was last fetched. */
class Fetched {
  private readonly words: Int32Array;
  private readonly index: number;
  private last = 0;

  constructor(words: Int32Array, byteOffset: number) {
    this.words = words;
    this.index = byteOffset / 4;
    this.reset();
  }

  get own(): number {
    return this.words[this.index] as number;
  }

  reset(): void {
    this.last = this.own;
  }

  /** Whether frames have moved since the last fetch: then this one is the transition test. */
  moved(): boolean {
    const moved = this.own !== this.last;
    this.reset();
    return moved;
  }
}

export class Greedy {
  private readonly n: number;
  private readonly tx: Fetched;
  private readonly rx: Fetched;

  constructor(words: Int32Array, { nframes, txOffset, rxOffset }: Places) {
    this.n = nframes;
    this.tx = new Fetched(words, txOffset);
    this.rx = new Fetched(words, rxOffset + 0x40);
  }

  /** To be called after the own counts were put back. */
  reset(): void {
    this.tx.reset();
    this.rx.reset();
  }

  /** What it writes to a word, by its name; undefined: nothing. */
  answer(name: string): number | undefined {
    if (name === "peer tx.count") return this.rx.own + (this.rx.moved() ? this.n - 1 : this.n);
    if (name === "peer rx.count") return this.tx.own - (this.tx.moved() ? 1 : 0);
    if (name === "peer line" || name === "peer wake group") return 0;
    return name === "peer wake" ? SLEEPING : undefined;
  }
}
