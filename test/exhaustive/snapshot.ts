/**
 * The private state of a simulated thread: all objects that can be reached from its roots. It is taken between calls, put
 * back before a call is run again, and written as a string by which equal states are known. Functions count as the code
 * that they are, and views of shared memory as the place that they lie at.
 */
import { placeOf } from "./recorder.ts";

/** A private state. */
export interface Snapshot {
  readonly encoding: string;
  restore(): void;
}

/** Fields that influence no call: they tell (`rings`), or save work (`views`). */
const WITHOUT_INFLUENCE = new Set(["rings", "views"]);

/** Takes private states, leaving out what never changes. */
export class Snapshots {
  private readonly roots: readonly object[];
  private readonly constants: WeakMap<object, number>;
  private readonly buffers = new Map<ArrayBufferLike, number>();
  private readonly codes = new Map<string, number>();

  constructor(roots: readonly object[], constants: readonly object[]) {
    this.roots = roots;
    this.constants = new WeakMap();
    for (const [i, constant] of constants.entries()) this.constants.set(constant, i);
  }

  take(): Snapshot {
    const parts: string[] = [];
    const seen = new Map<object, number>();
    const restores: (() => void)[] = [];

    const visit = (value: unknown): void => {
      if (typeof value === "function") parts.push(`f${this.code(value)}`);
      else if (typeof value !== "object" || value === null) parts.push(String(value));
      else visitObject(value);
    };

    const visitObject = (object: object): void => {
      const place = placeOf(object);
      const constant = this.constants.get(object);
      const before = seen.get(object);
      if (place) parts.push(`@${this.buffer(place.buffer)}+${place.byteOffset}`);
      else if (object instanceof SharedArrayBuffer) parts.push(`@${this.buffer(object)}`);
      else if (constant !== undefined) parts.push(`c${constant}`);
      else if (before !== undefined) parts.push(`#${before}`);
      else {
        seen.set(object, seen.size);
        parts.push(object.constructor?.name ?? "", "{");
        visitContents(object);
        parts.push("}");
      }
    };

    const visitContents = (object: object): void => {
      if (Array.isArray(object)) {
        const items = [...object];
        restores.push(() => object.splice(0, object.length, ...items));
        for (const item of items) visit(item);
      } else if (object instanceof Uint8Array) {
        const bytes = object.slice();
        restores.push(() => object.set(bytes));
        parts.push(bytes.join());
      } else if (object instanceof Map || object instanceof Set) {
        const entries = [...object] as never[];
        restores.push(() => {
          object.clear();
          for (const entry of entries)
            object instanceof Map ? object.set(...(entry as [never, never])) : object.add(entry);
        });
        for (const entry of entries) object instanceof Map ? (entry as unknown[]).forEach(visit) : visit(entry);
      } else {
        const fields = Object.entries(object).filter(([key]) => !WITHOUT_INFLUENCE.has(key));
        const target = object as Record<string, unknown>;
        restores.push(() => {
          for (const [key, value] of fields) target[key] = value;
        });
        for (const [, value] of fields) visit(value);
      }
    };

    for (const root of this.roots) visit(root);
    return {
      encoding: parts.join(" "),
      restore: () => {
        for (const restore of restores) restore();
      },
    };
  }

  private buffer(buffer: ArrayBufferLike): number {
    return number(this.buffers, buffer);
  }

  private code(value: object): number {
    return number(this.codes, String(value));
  }
}

function number<Key>(numbers: Map<Key, number>, key: Key): number {
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, numbers.size);
  return numbers.size - 1;
}
