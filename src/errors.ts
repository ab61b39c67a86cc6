/** The name of an errno, as in {@link IvcError.code}. */
export type ErrorCode =
  | "EPERM"
  | "E2BIG"
  | "EAGAIN"
  | "ENOMEM"
  | "EBUSY"
  | "ENODEV"
  | "EINVAL"
  | "ECONNRESET"
  | "EHOSTDOWN"
  | "EPROBE_DEFER";

/** The errno numbers of the IVC API, by name (SPEC §7). Functions of `ivc-ring/tegra` return them negated. */
export const ERRNO: Readonly<Record<ErrorCode, number>> = Object.freeze({
  EPERM: 1,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  ECONNRESET: 104,
  EHOSTDOWN: 112,
  EPROBE_DEFER: 517,
});

/**
 * A mistake of the caller: a bad argument, a bad configuration, or a resource that is not free. What is merely
 * *not now* (full, empty, link down) is never an error but a return value. The call that threw changed nothing.
 */
export class IvcError extends Error {
  /** The name of the errno, such as `"EINVAL"`. */
  readonly code: ErrorCode;
  /** The positive errno number, such as 22. */
  readonly errno: number;

  /**
   * @param code - the name of the errno
   * @param message - what was expected and what was given
   */
  constructor(code: ErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = "IvcError";
    this.code = code;
    this.errno = ERRNO[code];
  }
}

/** Says a value in an error message: short, and telling `"1"` from `1`. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return `an object of class ${value.constructor?.name ?? "null"}`;
}

/** The error for a value that breaks a rule: "expected X to be …, got V". */
export function expected(code: ErrorCode, what: string, rule: string, value: unknown): IvcError {
  return new IvcError(code, `expected ${what} to be ${rule}, got ${show(value)}`);
}

/** Refuses anything but an integer in `min`…`max`. */
export function checkInteger(what: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw expected("EINVAL", what, `an integer from ${min} to ${max}`, value);
  }
}

/** Whether `value` is a `Uint8Array`, of this realm or another, whose buffer is not detached. */
export function isBytes(value: unknown): value is Uint8Array {
  if (!ArrayBuffer.isView(value)) return false;
  if (!(value instanceof Uint8Array) && Object.prototype.toString.call(value) !== "[object Uint8Array]") return false;
  // Not byteLength: V8 of Node.js 20 calls a function for it.
  return (value as Uint8Array).length > 0 || !isDetached(value.buffer);
}

function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0 || !(buffer instanceof ArrayBuffer)) return false;
  try {
    buffer.slice(0, 0);
    return false;
  } catch {
    return true;
  }
}

/** Refuses anything but a `Uint8Array`, and a length beyond it. Returns the length, by default all of it. */
export function checkBytes(what: string, value: Uint8Array, length: number | undefined): number {
  if (!isBytes(value)) throw expected("EINVAL", what, "a Uint8Array, not detached", value);
  if (length === undefined) return value.length;
  checkInteger("length", length, 0, value.length);
  return length;
}
