/** Guests, interrupts and memory pools, by the kernel's names (SPEC §7). */
import { attach, attachedGuests, type Guest } from "../hypervisor/guest.ts";
import type { GuestHandle } from "../hypervisor/handle.ts";
import type { IrqHandler } from "../hypervisor/line.ts";
import { Mempool } from "../hypervisor/mempool.ts";
import { EINVAL, ENODEV, EPROBE_DEFER, errnoOf } from "./errno.ts";

/** An attached guest, as `dn` is passed about in a driver: what {@link tegra_hv_probe} returned. */
export type DeviceNode = Guest;

/**
 * Attaches this thread as the guest of a handle: "the driver loads".
 *
 * @param handle - from `Hypervisor.guest`
 * @returns the guest; −EBUSY if a thread is attached as it already, −EINVAL for no handle, or one that has been used
 */
export function tegra_hv_probe(handle: GuestHandle): DeviceNode | number {
  return errnoOf(() => attach(handle));
}

/**
 * Detaches a guest, unreserving all its cookies and pools.
 *
 * @param dn - the guest; null: the first one attached
 * @returns 0; −EPROBE_DEFER if nothing is attached, −ENODEV if `dn` is not
 */
export function tegra_hv_remove(dn: DeviceNode | null): number {
  return withGuest(dn, (guest) => {
    guest.detach();
    return 0;
  });
}

/** @internal The guest that `dn` means, or a negative errno. */
export function resolveGuest(dn: DeviceNode | null | undefined): Guest | number {
  const [first] = attachedGuests;
  if (!first) return -EPROBE_DEFER;
  if (dn === null || dn === undefined) return first;
  return attachedGuests.includes(dn) ? dn : -ENODEV;
}

/** Calls `work` with the guest that `dn` means; its errors become negative errnos. */
function withGuest(dn: DeviceNode | null, work: (guest: Guest) => number): number {
  const guest = resolveGuest(dn);
  return typeof guest === "number" ? guest : errnoOf(() => work(guest));
}

/** The number of the first guest attached, or −1. */
export function tegra_hv_get_vmid(): number {
  const guest = resolveGuest(null);
  return typeof guest === "number" ? -1 : guest.vmid;
}

/**
 * Reserves a memory pool of the first guest attached.
 *
 * @param id - its number
 * @returns the pool; −EPROBE_DEFER if nothing is attached, −ENODEV if there is no such pool, −EBUSY if it is taken
 */
export function tegra_hv_mempool_reserve(id: number): TegraMempool | number {
  const guest = resolveGuest(null);
  if (typeof guest === "number") return guest;
  const mempool = errnoOf(() => guest.reserveMempool(id));
  return mempool instanceof Mempool ? new TegraMempool(mempool) : mempool;
}

/**
 * Gives a memory pool back.
 *
 * @param ck - the pool
 * @returns 0; −EINVAL for null, or if it is not reserved
 */
export function tegra_hv_mempool_unreserve(ck: TegraMempool | null): number {
  if (!(ck instanceof TegraMempool) || !ck.mempool.reserved) return -EINVAL;
  ck.mempool.unreserve();
  return 0;
}

/** A reserved memory pool. */
export class TegraMempool {
  /** @internal */
  readonly mempool: Mempool;
  /** Where it would lie in the physical memory of a real guest; unique among the pools. */
  readonly ipa: number;
  /** Bytes. */
  readonly size: number;
  /** Number of the other guest that may reserve it. */
  readonly peer_vmid: number;
  /** The memory, all of it, shared with the peer. */
  readonly memory: Uint8Array;

  /** @internal */
  constructor(mempool: Mempool) {
    this.mempool = mempool;
    this.ipa = mempool.ipa;
    this.size = mempool.size;
    this.peer_vmid = mempool.peerVmid;
    this.memory = mempool.memory;
  }
}

/**
 * Installs a handler for a line, called with its number; the line is pending then.
 *
 * @param dn - the guest; null: the first one attached
 * @param irq - the line: a cookie's `irq`
 * @param handler - what to call
 * @returns 0; −EINVAL for an unknown line, −EBUSY if it has a handler or its cookie was reserved with ops
 */
export function request_irq(dn: DeviceNode | null, irq: number, handler: IrqHandler): number {
  return withGuest(dn, (guest) => {
    guest.requestIrq(irq, handler);
    return 0;
  });
}

/**
 * Removes the handler of a line.
 *
 * @returns 0; −EINVAL for an unknown line, or if it has no handler
 */
export function free_irq(dn: DeviceNode | null, irq: number): number {
  return withGuest(dn, (guest) => {
    guest.freeIrq(irq);
    return 0;
  });
}

/**
 * Masks a line: nothing is delivered until {@link enable_irq}. Does not nest.
 *
 * @returns 0; −EINVAL for an unknown line
 */
export function disable_irq(dn: DeviceNode | null, irq: number): number {
  return withGuest(dn, (guest) => {
    guest.disableIrq(irq);
    return 0;
  });
}

/**
 * Unmasks a line. It is pending then if anything happened meanwhile.
 *
 * @returns 0; −EINVAL for an unknown line
 */
export function enable_irq(dn: DeviceNode | null, irq: number): number {
  return withGuest(dn, (guest) => {
    guest.enableIrq(irq);
    return 0;
  });
}

/**
 * Serves every pending line once, without blocking. An exception of a handler comes out.
 *
 * @returns how many lines were served, or a negative errno
 */
export function poll_irqs(dn: DeviceNode | null): number {
  const guest = resolveGuest(dn);
  return typeof guest === "number" ? guest : guest.poll();
}

/**
 * Blocks the thread until at least one line was served. An exception of a handler comes out.
 *
 * @param dn - the guest; null: the first one attached
 * @param timeout_ms - longest wait: 0…2^31 − 1; 0 polls
 * @returns how many lines were served, 0 after the timeout, or a negative errno
 */
export function wait_for_irqs(dn: DeviceNode | null, timeout_ms: number): number {
  const guest = resolveGuest(dn);
  if (typeof guest === "number") return guest;
  const error = errnoOf(() => guest.checkWait(timeout_ms));
  return error ?? guest.wait(timeout_ms);
}

/**
 * Delivers interrupts on this thread's event loop until {@link stop_irqs}; keeps a Node.js process alive.
 *
 * @returns 0, or a negative errno
 */
export function start_irqs(dn: DeviceNode | null): number {
  return withGuest(dn, (guest) => {
    guest.listen();
    return 0;
  });
}

/**
 * Ends {@link start_irqs}.
 *
 * @returns 0, or a negative errno
 */
export function stop_irqs(dn: DeviceNode | null): number {
  return withGuest(dn, (guest) => {
    guest.stopListening();
    return 0;
  });
}
