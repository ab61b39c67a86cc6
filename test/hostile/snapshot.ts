/** Private state as it was: an object and all that can be reached from it, but for shared memory. */

type Part = Record<string, unknown> | unknown[];

/**
 * Notes every member of every object; {@link Snapshot.restore} puts them back. Plain data (handles, options), maps, sets and
 * functions are let alone.
 */
export class Snapshot {
  private readonly parts = new Map<Part, Part>();
  private readonly bytes = new Map<Uint8Array, Uint8Array>();

  constructor(...roots: readonly unknown[]) {
    for (const root of roots) this.add(root);
  }

  restore(): void {
    for (const [part, members] of this.parts) {
      if (Array.isArray(part)) part.length = (members as unknown[]).length;
      Object.assign(part, members);
    }
    for (const [bytes, before] of this.bytes) bytes.set(before);
  }

  private add(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    if (value instanceof Uint8Array && !(value.buffer instanceof SharedArrayBuffer)) {
      this.bytes.set(value, value.slice());
    }
    if (ArrayBuffer.isView(value) || value instanceof SharedArrayBuffer || value instanceof Map) return;
    if (value instanceof Set || value.constructor === Object || this.parts.has(value as Part)) return;
    const part = value as Part;
    if (Array.isArray(part)) this.parts.set(part, [...part]);
    else this.parts.set(part, { ...part });
    for (const member of Object.values(part)) this.add(member);
  }
}
