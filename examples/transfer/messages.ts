/**
 * What the two guests say to each other. Every message takes a frame of its own, so the smallest frame, 64 bytes, must
 * hold it:
 *
 * ```text
 * 0x00 kind    0x08 value, a float64    0x10 SHA-256, 32 bytes
 * ```
 *
 * The worker serves one command after the other:
 *
 * ```text
 * guest 0                                    guest 1, the worker
 *                                            ← ready (bytes that its sink has already)
 * receive (length of the whole) →
 * bytes, from there on →                     copies them to its sink
 *                                            ← received (rings it sent)
 * return (length) →
 *                                            ← bytes
 *                                            ← returned (rings it sent)
 * hash →                                     ← hash (of its sink)
 * echo (how long to spin) →
 * ping → …                                   ← ping …
 * stop →
 * collect, post →                            the same as receive and return, by postMessage: see baseline.ts
 * quit →
 * ```
 */

/** The order gives each kind its number on the wire. */
const KINDS = [
  "ready",
  "receive",
  "received",
  "return",
  "returned",
  "hash",
  "echo",
  "ping",
  "stop",
  "collect",
  "collecting",
  "post",
  "quit",
] as const;
export type Kind = (typeof KINDS)[number];

export interface Message {
  readonly kind: Kind;
  readonly value: number;
  readonly digest: Uint8Array;
}

const VALUE = 0x08;
const DIGEST = 0x10;
const SIZE = 0x30;

export function encode(kind: Kind, value = 0, digest?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SIZE);
  bytes[0] = KINDS.indexOf(kind);
  new DataView(bytes.buffer).setFloat64(VALUE, value, true);
  if (digest) bytes.set(digest, DIGEST);
  return bytes;
}

export function kindOf(bytes: Uint8Array): Kind {
  return KINDS[bytes[0] as number] as Kind;
}

export function decode(bytes: Uint8Array): Message {
  return {
    kind: kindOf(bytes),
    value: new DataView(bytes.buffer, bytes.byteOffset).getFloat64(VALUE, true),
    digest: bytes.slice(DIGEST, SIZE),
  };
}
