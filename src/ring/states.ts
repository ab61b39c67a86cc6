/** The two connection states of a channel: where they lie and how the own one changes (SPEC §5). */
import { compareExchange, load, or, store, type Words } from "../memory.ts";
import { ACK, ESTABLISHED, type Queue, SYNC, TX_STATE } from "./layout.ts";

/** Where both states are kept. The own state is read once, when the endpoint opens; thereafter it is private. */
export interface States {
  /** The own state found in memory. */
  own(): number;
  /** What the peer's state is read from, and what {@link commit} holds against. */
  sample(): number;
  /** The peer's state in a sample. */
  peer(sample: number): number;
  /** Own state := SYNC, whatever the peer does meanwhile. */
  reset(): void;
  /** Own state := `state`; false, and nothing stored, if the sample is known to be stale. */
  commit(sample: number, state: number): boolean;
}

/**
 * The states in the queue headers alone, as the kernel has them. A sample may be stale when it is acted on: overlapping
 * resets can then settle with an over-full queue, or tear a frame (SPEC §5, "known trap").
 */
export class WireStates implements States {
  private readonly txWords: Words;
  private readonly rxWords: Words;

  constructor(tx: Queue, rx: Queue) {
    this.txWords = tx.words;
    this.rxWords = rx.words;
  }

  own(): number {
    return load(this.txWords, TX_STATE);
  }

  sample(): number {
    return load(this.rxWords, TX_STATE); // SYNC state
  }

  peer(sample: number): number {
    return sample;
  }

  reset(): void {
    store(this.txWords, TX_STATE, SYNC); // SYNC state
  }

  commit(_sample: number, state: number): boolean {
    store(this.txWords, TX_STATE, state); // SYNC state
    return true;
  }
}

/** Bits of one side in the packed word. SYNC outranks ACK, so that a reset is a single `or`. */
const ACK_BIT = 1;
const SYNC_BIT = 2;
const SIDE_BITS = 3;
const SIDE_WIDTH = 2;

function unpack(bits: number): number {
  if (bits & SYNC_BIT) return SYNC;
  return bits & ACK_BIT ? ACK : ESTABLISHED;
}

/** Of ESTABLISHED or ACK: no step leads to SYNC, and a reset sets its bit. */
function pack(state: number): number {
  return state === ACK ? ACK_BIT : 0;
}

/**
 * The states packed in one word that only two ends of ours share, so that a step takes effect only if the peer's state
 * is still the sampled one. The wire state is stored after it, for whoever reads the header.
 */
export class PackedStates implements States {
  private readonly txWords: Words;
  private readonly word: Words;
  private readonly ownShift: number;
  private readonly peerShift: number;

  /**
   * @param tx - the own tx queue, whose header takes the wire state
   * @param word - the packed word; zero: both ESTABLISHED
   * @param side - which of the two sides is the own one
   */
  constructor(tx: Queue, word: Words, side: 0 | 1) {
    this.txWords = tx.words;
    this.word = word;
    this.ownShift = side * SIDE_WIDTH;
    this.peerShift = (1 - side) * SIDE_WIDTH;
  }

  own(): number {
    return unpack((load(this.word, 0) >>> this.ownShift) & SIDE_BITS);
  }

  sample(): number {
    return load(this.word, 0); // SYNC state
  }

  peer(sample: number): number {
    return unpack((sample >>> this.peerShift) & SIDE_BITS);
  }

  reset(): void {
    or(this.word, 0, SYNC_BIT << this.ownShift); // SYNC state
    store(this.txWords, TX_STATE, SYNC);
  }

  commit(sample: number, state: number): boolean {
    const next = (sample & ~(SIDE_BITS << this.ownShift)) | (pack(state) << this.ownShift);
    if (compareExchange(this.word, 0, sample, next) !== sample) return false; // SYNC state
    store(this.txWords, TX_STATE, state);
    return true;
  }
}
