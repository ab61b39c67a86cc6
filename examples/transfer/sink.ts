/**
 * Where the worker puts what arrives: a memory pool. It outlives its owner, so after a crash the next worker finds in it
 * what the last one had received, and how much that was.
 */
import type { Mempool } from "ivc-ring";

/** Bytes before the file. */
const HEADER_SIZE = 64;
/** Index of the word that counts the bytes received. */
const RECEIVED = 0;

export class Sink {
  /** The file, as far as it has been received. */
  readonly bytes: Uint8Array;
  private readonly memory: Uint8Array;
  private readonly header: Int32Array;

  static sizeFor(length: number): number {
    return HEADER_SIZE + length;
  }

  constructor({ memory }: Mempool) {
    this.memory = memory;
    this.bytes = memory.subarray(HEADER_SIZE);
    this.header = new Int32Array(memory.buffer, memory.byteOffset, HEADER_SIZE / Int32Array.BYTES_PER_ELEMENT);
  }

  /** How many bytes of the file are there for good. */
  get received(): number {
    return Atomics.load(this.header, RECEIVED);
  }

  set received(length: number) {
    Atomics.store(this.header, RECEIVED, length);
  }

  clear(): void {
    this.memory.fill(0);
  }
}
