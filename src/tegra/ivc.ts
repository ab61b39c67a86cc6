/** The cookie API, by the kernel's names (SPEC §7). */
import { isBytes } from "../errors.ts";
import type { IvcCookie, IvcOps } from "../hypervisor/cookie.ts";
import { type DeviceNode, resolveGuest } from "./driver.ts";
import { E2BIG, EAGAIN, ECONNRESET, EINVAL, ENOMEM, EPERM, errnoOf } from "./errno.ts";

/** What a driver wants to be told of a cookie; each is called if its condition holds at an interrupt. */
export interface TegraIvcOps {
  /** A frame can be read. */
  rx_rdy?(ck: TegraIvcCookie): void;
  /** A frame can be written. */
  tx_rdy?(ck: TegraIvcCookie): void;
}

/** A reserved endpoint. */
export class TegraIvcCookie {
  /** @internal */
  readonly endpoint: IvcCookie;
  /** Number of the line on which the peer rings. */
  readonly irq: number;
  /** Number of the guest at the other end. */
  readonly peer_vmid: number;
  /** Slots of each queue. */
  readonly nframes: number;
  /** Bytes in a frame. */
  readonly frame_size: number;

  /** @internal */
  constructor(endpoint: IvcCookie) {
    this.endpoint = endpoint;
    this.irq = endpoint.irq;
    this.peer_vmid = endpoint.peerVmid;
    this.nframes = endpoint.nframes;
    this.frame_size = endpoint.frameSize;
  }
}

/**
 * Reserves an endpoint. `ops` are called once before it returns, each if its condition holds, and then at each interrupt.
 *
 * @param dn - the guest; null: the first one attached
 * @param id - number of the queue
 * @param ops - what to call; null: nothing
 * @returns the cookie; −EPROBE_DEFER if nothing is attached, −ENODEV if `dn` is not, or for an unknown id, −EBUSY if it is
 * reserved already
 */
export function tegra_hv_ivc_reserve(
  dn: DeviceNode | null,
  id: number,
  ops: TegraIvcOps | null,
): TegraIvcCookie | number {
  const guest = resolveGuest(dn);
  if (typeof guest === "number") return guest;
  let cookie: TegraIvcCookie | undefined;
  const wrap = (endpoint: IvcCookie): TegraIvcCookie => {
    cookie ??= new TegraIvcCookie(endpoint);
    return cookie;
  };
  const endpoint = errnoOf(() => guest.claim(id, ops ? wrapOps(ops, wrap) : undefined));
  if (typeof endpoint === "number") return endpoint;
  guest.announce(endpoint);
  return wrap(endpoint);
}

function wrapOps(ops: TegraIvcOps, wrap: (endpoint: IvcCookie) => TegraIvcCookie): IvcOps {
  return {
    ...(ops.rx_rdy && { rxReady: (endpoint: IvcCookie) => ops.rx_rdy?.(wrap(endpoint)) }),
    ...(ops.tx_rdy && { txReady: (endpoint: IvcCookie) => ops.tx_rdy?.(wrap(endpoint)) }),
  };
}

/**
 * Gives an endpoint back.
 *
 * @returns 0; −EINVAL for null, or if it is not reserved
 */
export function tegra_hv_ivc_unreserve(ck: TegraIvcCookie | null): number {
  if (refused(ck)) return -EINVAL;
  (ck as TegraIvcCookie).endpoint.unreserve();
  return 0;
}

/** The check before every call on a cookie: 0, −EINVAL for null, −EPERM if it is not reserved. */
function refused(ck: TegraIvcCookie | null): number {
  if (!(ck instanceof TegraIvcCookie)) return -EINVAL;
  return ck.endpoint.reserved ? 0 : -EPERM;
}

/** Why a call moved nothing, if its arguments were right. */
function notNow(endpoint: IvcCookie): number {
  return endpoint.established ? -ENOMEM : -ECONNRESET;
}

function isSize(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

/**
 * Copies one message into the next frame, zero-fills the rest and publishes it. Allocates as `write` of the
 * idiomatic face.
 *
 * @param ck - the cookie
 * @param buf - the message
 * @param size - its length: 0…buf.byteLength, and at most frame_size
 * @returns size; −EINVAL, −EPERM, −EINVAL for a bad `buf` or `size`, −E2BIG, −ECONNRESET, −ENOMEM if the queue is full
 */
export function tegra_hv_ivc_write(ck: TegraIvcCookie | null, buf: Uint8Array, size: number): number {
  const error = refused(ck);
  if (error) return error;
  const { endpoint, frame_size } = ck as TegraIvcCookie;
  if (!isBytes(buf) || !isSize(size, buf.length)) return -EINVAL;
  if (size > frame_size) return -E2BIG;
  return endpoint.tx.write(buf, size) ? size : notNow(endpoint);
}

/**
 * Copies from the oldest frame and consumes it; the rest of it is discarded. Allocates as `read` of the
 * idiomatic face.
 *
 * @param ck - the cookie
 * @param buf - where to
 * @param size - the most to read: 0…buf.byteLength
 * @returns min(size, frame_size); −EINVAL, −EPERM, −EINVAL for a bad `buf` or `size`, −ECONNRESET, −ENOMEM if none waits
 */
export function tegra_hv_ivc_read(ck: TegraIvcCookie | null, buf: Uint8Array, size: number): number {
  const error = refused(ck);
  if (error) return error;
  const { endpoint, frame_size } = ck as TegraIvcCookie;
  if (!isBytes(buf) || !isSize(size, buf.length)) return -EINVAL;
  return endpoint.rx.read(buf, size) ? Math.min(size, frame_size) : notNow(endpoint);
}

/** Whether a frame is waiting: 1 or 0; 0 also for a cookie that is null or not reserved. */
export function tegra_hv_ivc_can_read(ck: TegraIvcCookie | null): 0 | 1 {
  return !refused(ck) && (ck as TegraIvcCookie).endpoint.rx.canRead() ? 1 : 0;
}

/** Whether there is room for a frame: 1 or 0; 0 also for a cookie that is null or not reserved. */
export function tegra_hv_ivc_can_write(ck: TegraIvcCookie | null): 0 | 1 {
  return !refused(ck) && (ck as TegraIvcCookie).endpoint.tx.canWrite() ? 1 : 0;
}

/** Whether the peer has consumed everything, whatever the state: 1 or 0; 0 also for a cookie that is null or not reserved. */
export function tegra_hv_ivc_tx_empty(ck: TegraIvcCookie | null): 0 | 1 {
  return !refused(ck) && (ck as TegraIvcCookie).endpoint.tx.isEmpty() ? 1 : 0;
}

/** How many frames can be written: 0…nframes; 0 also for a cookie that is null or not reserved. */
export function tegra_hv_ivc_tx_frames_available(ck: TegraIvcCookie | null): number {
  return refused(ck) ? 0 : (ck as TegraIvcCookie).endpoint.tx.framesAvailable();
}

/**
 * Turns loopback on (1) or off (0).
 *
 * @returns 0; −EINVAL, −EPERM, −EINVAL for another mode
 */
export function tegra_hv_ivc_set_loopback(ck: TegraIvcCookie | null, mode: number): number {
  const error = refused(ck);
  if (error) return error;
  if (mode !== 0 && mode !== 1) return -EINVAL;
  (ck as TegraIvcCookie).endpoint.setLoopback(mode === 1);
  return 0;
}

/**
 * Echoes by hand whatever can be echoed now.
 *
 * @returns 0; −EINVAL, −EPERM, −EINVAL if loopback is off
 */
export function tegra_hv_ivc_perform_loopback(ck: TegraIvcCookie | null): number {
  const error = refused(ck);
  if (error) return error;
  const { endpoint } = ck as TegraIvcCookie;
  if (!endpoint.loopback) return -EINVAL;
  endpoint.performLoopback();
  return 0;
}

/**
 * Prints what is known of an endpoint, with `console.info`.
 *
 * @returns 0; −EINVAL, −EPERM
 */
export function tegra_hv_ivc_dump(ck: TegraIvcCookie | null): number {
  const error = refused(ck);
  if (error) return error;
  const { tx, rx, ...dump } = (ck as TegraIvcCookie).endpoint.dump();
  const queue = (name: string, { txCount, rxCount, position }: typeof tx): string =>
    `  ${name}: tx.count ${txCount}, rx.count ${rxCount}, position ${position}`;
  console.info(
    [
      `ivc ${dump.id}: irq ${dump.irq}, guest ${dump.vmid}, peer ${dump.peerVmid}`,
      `  ${dump.nframes} frames of ${dump.frameSize} bytes each way; state ${dump.state}, peer ${dump.peerState}`,
      queue("tx", tx),
      queue("rx", rx),
    ].join("\n"),
  );
  return 0;
}

/** The checks of read_peek and write_poke: 0 or a negative errno. */
function rangeRefused(ck: TegraIvcCookie | null, buf: Uint8Array, off: number, count: number): number {
  const error = refused(ck);
  if (error) return error;
  if (!isBytes(buf) || !isSize(off, Number.MAX_VALUE) || !isSize(count, buf.length)) return -EINVAL;
  return off + count > (ck as TegraIvcCookie).frame_size ? -E2BIG : 0;
}

/**
 * Copies `count` bytes at `off` of the oldest frame to `buf`; consumes nothing.
 *
 * @returns 0; −EINVAL, −EPERM, −EINVAL for a bad argument, −E2BIG for a range beyond the frame, −ECONNRESET, −ENOMEM
 */
export function tegra_hv_ivc_read_peek(ck: TegraIvcCookie | null, buf: Uint8Array, off: number, count: number): number {
  const error = rangeRefused(ck, buf, off, count);
  if (error) return error;
  const { endpoint } = ck as TegraIvcCookie;
  return endpoint.rx.peek(buf, off, count) ? 0 : notNow(endpoint);
}

/**
 * Copies `count` bytes of `buf` to `off` of the next frame; publishes nothing, zero-fills nothing.
 *
 * @returns 0; −EINVAL, −EPERM, −EINVAL for a bad argument, −E2BIG for a range beyond the frame, −ECONNRESET, −ENOMEM
 */
export function tegra_hv_ivc_write_poke(
  ck: TegraIvcCookie | null,
  buf: Uint8Array,
  off: number,
  count: number,
): number {
  const error = rangeRefused(ck, buf, off, count);
  if (error) return error;
  const { endpoint } = ck as TegraIvcCookie;
  return endpoint.tx.poke(buf, off, count) ? 0 : notNow(endpoint);
}

/**
 * The oldest frame in place, or the one `ahead` after it; the same until it is advanced over.
 *
 * @returns the frame; −EINVAL, −EPERM, −EINVAL for `ahead` outside 0…nframes − 1, −ECONNRESET, −ENOMEM
 */
export function tegra_hv_ivc_read_get_next_frame(ck: TegraIvcCookie | null, ahead = 0): Uint8Array | number {
  const error = refused(ck);
  if (error) return error;
  const { endpoint, nframes } = ck as TegraIvcCookie;
  if (!isSize(ahead, nframes - 1)) return -EINVAL;
  return endpoint.rx.getNextFrame(ahead) ?? notNow(endpoint);
}

/**
 * The next frame to fill in place, or the one `ahead` after it; it holds bytes of an earlier lap.
 *
 * @returns the frame; −EINVAL, −EPERM, −EINVAL for `ahead` outside 0…nframes − 1, −ECONNRESET, −ENOMEM
 */
export function tegra_hv_ivc_write_get_next_frame(ck: TegraIvcCookie | null, ahead = 0): Uint8Array | number {
  const error = refused(ck);
  if (error) return error;
  const { endpoint, nframes } = ck as TegraIvcCookie;
  if (!isSize(ahead, nframes - 1)) return -EINVAL;
  return endpoint.tx.getNextFrame(ahead) ?? notNow(endpoint);
}

/**
 * Consumes the oldest `count` frames.
 *
 * @returns 0; −EINVAL, −EPERM, −EINVAL for `count` outside 1…nframes, −ECONNRESET, −ENOMEM
 */
export function tegra_hv_ivc_read_advance(ck: TegraIvcCookie | null, count = 1): number {
  const error = refused(ck);
  if (error) return error;
  const { endpoint, nframes } = ck as TegraIvcCookie;
  if (count === 0 || !isSize(count, nframes)) return -EINVAL;
  return endpoint.rx.advance(count) ? 0 : notNow(endpoint);
}

/**
 * Publishes the next `count` frames as they are.
 *
 * @returns 0; −EINVAL, −EPERM, −EINVAL for `count` outside 1…nframes, −ECONNRESET, −ENOMEM
 */
export function tegra_hv_ivc_write_advance(ck: TegraIvcCookie | null, count = 1): number {
  const error = refused(ck);
  if (error) return error;
  const { endpoint, nframes } = ck as TegraIvcCookie;
  if (count === 0 || !isSize(count, nframes)) return -EINVAL;
  return endpoint.tx.advance(count) ? 0 : notNow(endpoint);
}

/** Starts a reset. Does nothing for a cookie that is null or not reserved. */
export function tegra_hv_ivc_channel_reset(ck: TegraIvcCookie | null): void {
  if (!refused(ck)) (ck as TegraIvcCookie).endpoint.reset();
}

/**
 * Runs one step of the reset handshake.
 *
 * @returns 0 if the link is established after it, else −EAGAIN; −EINVAL, −EPERM
 */
export function tegra_hv_ivc_channel_notified(ck: TegraIvcCookie | null): number {
  return refused(ck) || ((ck as TegraIvcCookie).endpoint.notified() ? 0 : -EAGAIN);
}

/** Rings the peer, whatever the state. Does nothing for a cookie that is null or not reserved. */
export function tegra_hv_ivc_notify(ck: TegraIvcCookie | null): void {
  if (!refused(ck)) (ck as TegraIvcCookie).endpoint.notify();
}
