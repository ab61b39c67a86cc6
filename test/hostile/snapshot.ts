/** Private state as it was: an object and all that can be reached from it, but for shared memory. */

type Part = Record<string, unknown>;

/** One object: its members, as they were; of an array, its length besides. */
interface Note {
  readonly part: Part;
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
  readonly length: number | undefined;
}

/**
 * Notes every member of every object; {@link Snapshot.restore} puts them back. Plain data (handles, options), maps, sets and
 * functions are let alone.
 */
export class Snapshot {
  private readonly seen = new Set<unknown>();
  private readonly notes: Note[] = [];
  private readonly bytes = new Map<Uint8Array, Uint8Array>();

  constructor(...roots: readonly unknown[]) {
    for (const root of roots) this.add(root);
  }

  restore(): void {
    for (const { part, keys, values, length } of this.notes) {
      if (length !== undefined) part["length"] = length;
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i] as string;
        if (part[key] !== values[i]) part[key] = values[i];
      }
    }
    for (const [bytes, before] of this.bytes) bytes.set(before);
  }

  private add(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    if (value instanceof Uint8Array && !(value.buffer instanceof SharedArrayBuffer)) {
      this.bytes.set(value, value.slice());
    }
    if (ArrayBuffer.isView(value) || value instanceof SharedArrayBuffer || value instanceof Map) return;
    if (value instanceof Set || value.constructor === Object || this.seen.has(value)) return;
    const part = value as Part;
    const values = Object.values(part);
    this.seen.add(part);
    this.notes.push({ part, keys: Object.keys(part), values, length: Array.isArray(value) ? value.length : undefined });
    for (const member of values) this.add(member);
  }
}
