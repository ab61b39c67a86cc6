/** What a guest is told, and may reach: plain data that survives structured clone (SPEC §2, §8). */
import { expected } from "../errors.ts";

/** What a guest is told of one of its pairs. */
export interface PairHandle {
  readonly peerVmid: number;
  /** Which of the pair's life words is the own one. */
  readonly side: 0 | 1;
  readonly area: SharedArrayBuffer;
  /** The peer's wake area. */
  readonly peerWake: SharedArrayBuffer;
}

/** What a guest is told of one of its endpoints; its place in the list is its line. */
export interface EndpointHandle {
  readonly id: number;
  /** Index of its pair. */
  readonly pair: number;
  /** Index of the channel in the pair's area. */
  readonly channel: number;
  /** Which side of the channel is the own one: side 0 receives in queue 0. */
  readonly side: 0 | 1;
  /** Index of the peer's line. */
  readonly peerLine: number;
  readonly nframes: number;
  readonly frameSize: number;
  readonly rxOffset: number;
  readonly txOffset: number;
}

/** What a guest is told of one of its pools. */
export interface PoolHandle {
  readonly id: number;
  readonly peerVmid: number;
  readonly ipa: number;
  readonly memory: SharedArrayBuffer;
}

/**
 * A guest's handle: plain data and the shared memory that this guest may reach, and no more. It survives structured clone,
 * so it goes to a thread through `workerData` or `postMessage`. It is good for one {@link attach}. Its members, but for
 * `vmid`, are the library's own.
 */
export interface GuestHandle {
  /** The guest's number. */
  readonly vmid: number;
  /** @internal Identifies this handle among those of its guest. */
  readonly ticket: number;
  /** @internal One word: whether the ticket has been used. */
  readonly used: SharedArrayBuffer;
  /** @internal The guest's own area. */
  readonly own: SharedArrayBuffer;
  /** @internal The guest's wake area. */
  readonly wake: SharedArrayBuffer;
  /** @internal */
  readonly pairs: readonly PairHandle[];
  /** @internal */
  readonly endpoints: readonly EndpointHandle[];
  /** @internal */
  readonly pools: readonly PoolHandle[];
}

/** Refuses what is no guest's handle. */
export function checkHandle(value: GuestHandle): void {
  if (!isHandle(value)) throw expected("EINVAL", "handle", "one that Hypervisor.guest returned", value);
}

function isHandle(value: unknown): boolean {
  const handle = value as GuestHandle | null | undefined;
  return (
    typeof handle === "object" &&
    handle !== null &&
    Number.isInteger(handle.ticket) &&
    [handle.used, handle.own, handle.wake].every((buffer) => String(buffer) === "[object SharedArrayBuffer]") &&
    [handle.pairs, handle.endpoints, handle.pools].every(Array.isArray)
  );
}
