/** The common case: two threads and one channel, without the word hypervisor. */
import { IvcError } from "../errors.ts";
import type { IvcCookie, IvcOps } from "./cookie.ts";
import { attach } from "./guest.ts";
import { checkHandle, type EndpointHandle, type GuestHandle } from "./handle.ts";
import { Hypervisor } from "./hypervisor.ts";

/** The geometry of a channel. */
export interface ChannelOptions {
  /** Slots each way: a positive integer. Default 64. */
  readonly nframes?: number | undefined;
  /** Bytes in a frame: a positive multiple of 64. Default 1024. */
  readonly frameSize?: number | undefined;
}

/**
 * Makes a channel and a handle for each of its two ends. Give one to another thread, through `workerData` or `postMessage`,
 * and open each with {@link openChannel}.
 *
 * @param options - the geometry
 * @returns the handles of the two ends
 * @throws {@link IvcError} EINVAL or E2BIG for a geometry that breaks a rule
 */
export function createChannel(options: ChannelOptions = {}): [GuestHandle, GuestHandle] {
  const { nframes = 64, frameSize = 1024 } = options;
  const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [0, 1], nframes, frameSize }] });
  return [hypervisor.guest(0), hypervisor.guest(1)];
}

/**
 * Opens this thread's end of a channel. Close it with `end.guest.detach()`.
 *
 * @param handle - of a guest that has one endpoint, as {@link createChannel} makes them
 * @param ops - what to call for its interrupts
 * @returns the endpoint
 * @throws {@link IvcError} EINVAL for no handle, one that has been used, or one of a guest with more than one endpoint; EBUSY
 * if a thread has opened this end already
 */
export function openChannel(handle: GuestHandle, ops?: IvcOps): IvcCookie {
  checkHandle(handle);
  if (handle.endpoints.length !== 1) {
    throw new IvcError(
      "EINVAL",
      `expected a handle with one endpoint, got ${handle.endpoints.length}: use attach and reserve`,
    );
  }
  const guest = attach(handle);
  try {
    return guest.reserve((handle.endpoints[0] as EndpointHandle).id, ops);
  } catch (error) {
    guest.detach();
    throw error;
  }
}
