/** Memory for millions of small tuples of integers. */

/** A growing list of 32-bit integers. */
export class IntList {
  items: Int32Array = new Int32Array(1024);
  length = 0;

  push(value: number): number {
    if (this.length === this.items.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.length] = value;
    return this.length++;
  }
}

/** Spreads the bits of a component; zero stays zero, so that components never used do not count. */
function mix(value: number): number {
  return Math.imul(value, 0x85ebca6b) ^ (value >>> 13);
}

/** Distinct tuples of one width; each has a number: 0, 1, 2, … */
export class TupleSet {
  readonly width: number;
  /** How many there are. */
  count = 0;
  private items: Int32Array;
  private readonly hashes = new IntList();
  private readonly factors: Int32Array;
  private table: Int32Array = new Int32Array(1 << 12);

  constructor(width: number) {
    this.width = width;
    this.items = new Int32Array(width << 10);
    this.factors = Int32Array.from({ length: width }, (_, i) => Math.imul(2 * i + 1, 0x9e3779b1) | 1);
  }

  /** The number of a tuple, which is a new one if `count` grows. */
  intern(tuple: Int32Array): number {
    const { width, factors } = this;
    let hash = 0;
    for (let i = 0; i < width; i++) {
      const value = tuple[i];
      if (value !== 0) hash = (hash + Math.imul(mix(value), factors[i])) | 0;
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash ^= hash >>> 12;
    const mask = this.table.length - 1;
    const hashes = this.hashes.items;
    let slot = hash & mask;
    for (;;) {
      const entry = this.table[slot];
      if (entry === 0) break;
      if (hashes[entry - 1] === hash && this.holds(entry - 1, tuple)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    this.table[slot] = this.count + 1;
    this.hashes.push(hash);
    return this.add(tuple);
  }

  /** Copies a tuple out. */
  read(id: number, into: Int32Array): void {
    const { width, items } = this;
    for (let i = 0, at = id * width; i < width; i++) into[i] = items[at + i];
  }

  /** One component of a tuple. */
  at(id: number, index: number): number {
    return this.items[id * this.width + index];
  }

  private holds(id: number, tuple: Int32Array): boolean {
    const { width, items } = this;
    for (let i = 0, at = id * width; i < width; i++) if (items[at + i] !== tuple[i]) return false;
    return true;
  }

  private add(tuple: Int32Array): number {
    const start = this.count * this.width;
    if (start + this.width > this.items.length) {
      const larger = new Int32Array(2 * this.items.length);
      larger.set(this.items);
      this.items = larger;
    }
    this.items.set(tuple, start);
    if (2 * ++this.count > this.table.length) this.rehash();
    return this.count - 1;
  }

  private rehash(): void {
    const table = new Int32Array(2 * this.table.length);
    const mask = table.length - 1;
    for (let id = 0; id < this.count; id++) {
      let slot = this.hashes.items[id] & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = id + 1;
    }
    this.table = table;
  }
}
