/** The kernel face with all guests in this thread. */
import { onTestFinished } from "vitest";
import { Hypervisor } from "../../../src/index.ts";
import {
  type DeviceNode,
  IS_ERR,
  poll_irqs,
  type TegraIvcCookie,
  type TegraIvcOps,
  tegra_hv_ivc_read,
  tegra_hv_ivc_reserve,
  tegra_hv_ivc_write,
  tegra_hv_probe,
  tegra_hv_remove,
} from "../../../src/tegra/index.ts";

/** The pointer, which must not be an errno. */
export function pointer<Type>(x: Type | number): Type {
  if (IS_ERR(x)) throw new Error(`got errno ${x} in place of a pointer`);
  return x as Type;
}

/** Attaches until the test ends. */
export function probe(hypervisor: Hypervisor, vmid: number): DeviceNode {
  const dn = pointer(tegra_hv_probe(hypervisor.guest(vmid)));
  onTestFinished(() => void tegra_hv_remove(dn));
  return dn;
}

export function reserve(dn: DeviceNode | null, id: number, ops: TegraIvcOps | null = null): TegraIvcCookie {
  return pointer(tegra_hv_ivc_reserve(dn, id, ops));
}

/** Queue 7 between guests 3 (`a`) and 5 (`b`); pool 2 between them too. */
export interface World {
  readonly hypervisor: Hypervisor;
  readonly a: DeviceNode;
  readonly b: DeviceNode;
}

export const NFRAMES = 3;
export const FRAME_SIZE = 64;
export const QUEUE = 7;
export const POOL = 2;

/** Two guests attached, nothing reserved. */
export function boot(): World {
  const hypervisor = new Hypervisor({
    queues: [{ id: QUEUE, peers: [3, 5], nframes: NFRAMES, frameSize: FRAME_SIZE }],
    mempools: [{ id: POOL, peers: [3, 5], size: 4096 }],
  });
  return { hypervisor, a: probe(hypervisor, 3), b: probe(hypervisor, 5) };
}

/** {@link boot}, with the queue reserved at both ends and nothing pending. */
export function bootAndReserve(): World & { ck: TegraIvcCookie; peer: TegraIvcCookie } {
  const world = boot();
  const ck = reserve(world.a, QUEUE);
  const peer = reserve(world.b, QUEUE);
  settleIrqs(world.a, world.b);
  return { ...world, ck, peer };
}

/** Lets the guests take their interrupts, in turns, until none has any. */
export function settleIrqs(...guests: DeviceNode[]): void {
  for (let turn = 0; turn < 50; turn++) {
    if (guests.map((dn) => poll_irqs(dn)).every((served) => served === 0)) return;
  }
  throw new Error("the guests did not come to rest in 50 turns");
}

/** Writes one frame full of `value`. */
export function put(ck: TegraIvcCookie, value = 1): number {
  return tegra_hv_ivc_write(ck, new Uint8Array(ck.frame_size).fill(value), ck.frame_size);
}

/** Reads one frame: its first byte, or the errno. */
export function take(ck: TegraIvcCookie): number {
  const buf = new Uint8Array(ck.frame_size);
  const n = tegra_hv_ivc_read(ck, buf, ck.frame_size);
  return n < 0 ? n : (buf[0] as number);
}

/** Writes until the queue is full. */
export function fillUp(ck: TegraIvcCookie): void {
  for (let i = 1; i <= ck.nframes; i++) put(ck, i);
}
