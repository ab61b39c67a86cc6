/**
 * The simulated memory: which words and which payload cells there are, what they are called, and who may write them. Their
 * contents belong to a state of the exploration; here are only the initial ones.
 *
 * A cell is a part of a frame, and holds one value: the byte that all of it is filled with, or {@link VOID}.
 */

/** What a cell holds that nobody has written, or whose sender has cleared. */
export const VOID = 256;

/** Words that one scenario may use. */
export const WORDS = 56;

/** What is known of a word. */
export interface WordInfo {
  readonly name: string;
  /** The guest that may store it; undefined: nobody, it is changed by read-modify-write alone. */
  readonly owner: number | undefined;
  /** Whether others than the owner may change it, by read-modify-write. */
  readonly shared: boolean;
  /** The queue whose `tx.count` it is. */
  readonly txCountOf: Frames | undefined;
}

const UNNAMED: WordInfo = { name: "a word without a name", owner: undefined, shared: true, txCountOf: undefined };

/** The frames of a queue. */
export interface Frames {
  readonly name: string;
  readonly buffer: SharedArrayBuffer;
  readonly start: number;
  readonly frameSize: number;
  readonly nframes: number;
  /** Number of its first cell. */
  readonly firstCell: number;
  readonly cellSize: number;
}

/** The memory of one scenario. */
export class Machine {
  readonly words: WordInfo[] = [];
  readonly cells: string[] = [];
  /** What the words hold at first. */
  readonly initial: Int32Array = new Int32Array(WORDS);
  private readonly places = new Map<ArrayBufferLike, Map<number, number>>();
  private readonly infos = new Map<ArrayBufferLike, Map<number, WordInfo>>();
  private readonly frames: Frames[] = [];
  /** Whether words may be touched before they have a name. */
  settingUp = true;

  /** Says what is known of the word at a byte offset. */
  nameWord(buffer: SharedArrayBuffer, byteOffset: number, info: Partial<WordInfo> & { readonly name: string }): void {
    const infos = this.infos.get(buffer) ?? new Map<number, WordInfo>();
    const whole = { owner: undefined, shared: info.owner === undefined, txCountOf: undefined, ...info };
    this.infos.set(buffer, infos.set(byteOffset, whole));
    const touched = this.places.get(buffer)?.get(byteOffset);
    if (touched !== undefined) this.words[touched] = whole;
  }

  /** Says where the frames of a queue lie, and in how many cells each falls. */
  nameFrames(frames: Omit<Frames, "firstCell" | "cellSize">, cellsPerFrame: number): Frames {
    const { name, nframes, frameSize } = frames;
    const added = { ...frames, firstCell: this.cells.length, cellSize: frameSize / cellsPerFrame };
    for (let i = 0; i < nframes * cellsPerFrame; i++) {
      const part = cellsPerFrame > 1 ? `.${i % cellsPerFrame}` : "";
      this.cells.push(`${name} frame ${Math.floor(i / cellsPerFrame)}${part}`);
    }
    this.frames.push(added);
    return added;
  }

  /** The number of the word at a byte offset, which must have a name. */
  word(buffer: ArrayBufferLike, byteOffset: number): number {
    const places = this.places.get(buffer) ?? new Map<number, number>();
    this.places.set(buffer, places);
    const known = places.get(byteOffset);
    if (known !== undefined) return known;
    const info = this.infos.get(buffer)?.get(byteOffset) ?? (this.settingUp ? UNNAMED : undefined);
    if (!info) throw new Error(`a word without a name is touched, at ${byteOffset}`);
    if (this.words.length === WORDS) throw new Error(`more than ${WORDS} words are touched`);
    places.set(byteOffset, this.words.length);
    return this.words.push(info) - 1;
  }

  /** The cells that `length` bytes from `byteOffset` on consist of. */
  cellsAt(buffer: ArrayBufferLike, byteOffset: number, length: number): number[] {
    for (const { start, nframes, frameSize, firstCell, cellSize, ...frames } of this.frames) {
      const from = byteOffset - start;
      if (frames.buffer !== buffer || from < 0 || from + length > nframes * frameSize) continue;
      if (from % cellSize !== 0 || length % cellSize !== 0)
        throw new Error(`part of a cell: ${length} bytes at ${from}`);
      return Array.from({ length: length / cellSize }, (_, i) => firstCell + from / cellSize + i);
    }
    throw new Error(`bytes outside of all frames are touched: ${length} at ${byteOffset}`);
  }
}
