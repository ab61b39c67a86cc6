/** SPEC §7: probing, removing, what `dn` may be, and memory pools. */
import { describe, expect, onTestFinished, test } from "vitest";
import { guestDown, Hypervisor } from "../../../src/index.ts";
import * as tegra from "../../../src/tegra/index.ts";
import { boot, POOL, pointer, probe, QUEUE, reserve, settleIrqs } from "./world.ts";

const { EBUSY, EINVAL, ENODEV, EPERM, EPROBE_DEFER } = tegra;

describe("tegra_hv_probe", () => {
  test("attaches as the guest of the handle", () => {
    const { a } = boot();
    expect(tegra.IS_ERR(a)).toBe(false);
    expect(tegra.tegra_hv_get_vmid()).toBe(3);
  });

  test("is −EBUSY if that guest is attached already", () => {
    const { hypervisor } = boot();
    expect(tegra.tegra_hv_probe(hypervisor.guest(3))).toBe(-EBUSY);
  });

  test("is −EBUSY with the very handle by which it is attached", () => {
    const { hypervisor, a } = boot();
    tegra.tegra_hv_remove(a);
    const handle = hypervisor.guest(3);
    const dn = pointer(tegra.tegra_hv_probe(handle));
    onTestFinished(() => void tegra.tegra_hv_remove(dn));
    expect(tegra.tegra_hv_probe(handle)).toBe(-EBUSY);
  });

  test.each([
    ["null", null],
    ["undefined", undefined],
    ["a number", 3],
    ["an object that is none", {}],
    ["an array", []],
    ["a string", "guest"],
  ])("is −EINVAL for no handle: %s", (_name, handle) => {
    expect(tegra.tegra_hv_probe(handle as never)).toBe(-EINVAL);
  });

  test("attaches again after remove, with a new handle", () => {
    const { hypervisor, a } = boot();
    tegra.tegra_hv_remove(a);
    expect(tegra.IS_ERR(probe(hypervisor, 3))).toBe(false);
  });

  test("does not take a handle that was good for an earlier attachment", () => {
    const { hypervisor, a } = boot();
    tegra.tegra_hv_remove(a);
    const handle = hypervisor.guest(3);
    tegra.tegra_hv_remove(pointer(tegra.tegra_hv_probe(handle)));
    expect(tegra.tegra_hv_probe(handle)).toBe(-EINVAL);
  });
});

describe("tegra_hv_remove", () => {
  test("is 0", () => {
    expect(tegra.tegra_hv_remove(boot().a)).toBe(0);
  });

  test("unreserves all its cookies", () => {
    const { hypervisor, a } = boot();
    const ck = reserve(a, QUEUE);
    tegra.tegra_hv_remove(a);
    expect(tegra.tegra_hv_ivc_channel_notified(ck)).toBe(-EPERM);
    expect(tegra.IS_ERR(reserve(probe(hypervisor, 3), QUEUE))).toBe(false);
  });

  test("unreserves all its pools", () => {
    const { hypervisor, a, b } = boot();
    const pool = pointer(tegra.tegra_hv_mempool_reserve(POOL));
    tegra.tegra_hv_remove(a);
    expect(tegra.tegra_hv_mempool_unreserve(pool)).toBe(-EINVAL);
    tegra.tegra_hv_remove(b);
    probe(hypervisor, 3);
    expect(tegra.IS_ERR(tegra.tegra_hv_mempool_reserve(POOL))).toBe(false);
  });

  test("of null removes the first guest attached", () => {
    const { a, b } = boot();
    expect(tegra.tegra_hv_remove(null)).toBe(0);
    expect(tegra.poll_irqs(a)).toBe(-ENODEV);
    expect(tegra.poll_irqs(b)).toBe(0);
  });
});

describe("tegra_hv_get_vmid", () => {
  test("is −1 while nothing is attached", () => {
    expect(tegra.tegra_hv_get_vmid()).toBe(-1);
  });

  test("speaks of the first guest attached", () => {
    const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [8, 9], nframes: 1, frameSize: 64 }] });
    probe(hypervisor, 9);
    probe(hypervisor, 8);
    expect(tegra.tegra_hv_get_vmid()).toBe(9);
  });

  test("speaks of the next one once the first is removed", () => {
    const { a } = boot();
    tegra.tegra_hv_remove(a);
    expect(tegra.tegra_hv_get_vmid()).toBe(5);
  });
});

const takesDn: Record<string, (dn: tegra.DeviceNode | null) => unknown> = {
  tegra_hv_remove: (dn) => tegra.tegra_hv_remove(dn),
  tegra_hv_ivc_reserve: (dn) => tegra.tegra_hv_ivc_reserve(dn, QUEUE, null),
  request_irq: (dn) => tegra.request_irq(dn, 1, () => undefined),
  free_irq: (dn) => tegra.free_irq(dn, 1),
  disable_irq: (dn) => tegra.disable_irq(dn, 1),
  enable_irq: (dn) => tegra.enable_irq(dn, 1),
  poll_irqs: (dn) => tegra.poll_irqs(dn),
  wait_for_irqs: (dn) => tegra.wait_for_irqs(dn, 0),
  start_irqs: (dn) => tegra.start_irqs(dn),
  stop_irqs: (dn) => tegra.stop_irqs(dn),
};

describe.each(Object.entries(takesDn))("the dn of %s", (_name, call) => {
  test("null before any probe is −EPROBE_DEFER", () => {
    expect(call(null)).toBe(-EPROBE_DEFER);
  });

  test("null once all guests are removed is −EPROBE_DEFER", () => {
    const { a, b } = boot();
    tegra.tegra_hv_remove(a);
    tegra.tegra_hv_remove(b);
    expect(call(null)).toBe(-EPROBE_DEFER);
  });

  test("that is detached is −ENODEV", () => {
    const { a } = boot();
    tegra.tegra_hv_remove(a);
    expect(call(a)).toBe(-ENODEV);
  });

  test("that is no guest is −ENODEV", () => {
    boot();
    expect(call({} as never)).toBe(-ENODEV);
  });

  test("null with a guest attached is that guest", () => {
    const { a } = boot();
    tegra.request_irq(a, 1, () => undefined);
    tegra.poll_irqs(a);
    expect(call(null)).not.toBe(-EPROBE_DEFER);
    expect(call(null)).not.toBe(-ENODEV);
  });
});

describe("tegra_hv_mempool_reserve", () => {
  test("is −EPROBE_DEFER while nothing is attached, before the id is looked at", () => {
    expect(tegra.tegra_hv_mempool_reserve(99)).toBe(-EPROBE_DEFER);
  });

  test.each([99, -1, 1.5, Number.NaN, "2", null])("is −ENODEV for an unknown id: %s", (id) => {
    boot();
    expect(tegra.tegra_hv_mempool_reserve(id as never)).toBe(-ENODEV);
  });

  test("is −EBUSY if it is taken", () => {
    boot();
    tegra.tegra_hv_mempool_reserve(POOL);
    expect(tegra.tegra_hv_mempool_reserve(POOL)).toBe(-EBUSY);
  });

  test("tells the size and the peer", () => {
    boot();
    const pool = pointer(tegra.tegra_hv_mempool_reserve(POOL));
    expect(pool).toMatchObject({ size: 4096, peer_vmid: 5, ipa: expect.any(Number) });
    expect(pool.memory.byteLength).toBe(4096);
  });

  test("speaks of the first guest attached; each peer has its own reservation of the same memory", () => {
    const { a } = boot();
    const mine = pointer(tegra.tegra_hv_mempool_reserve(POOL));
    mine.memory[17] = 42;
    tegra.tegra_hv_remove(a);
    const theirs = pointer(tegra.tegra_hv_mempool_reserve(POOL));
    expect(theirs.peer_vmid).toBe(3);
    expect(theirs.memory[17]).toBe(42);
  });
});

describe("tegra_hv_mempool_unreserve", () => {
  test("is 0, and the pool is free again", () => {
    boot();
    expect(tegra.tegra_hv_mempool_unreserve(pointer(tegra.tegra_hv_mempool_reserve(POOL)))).toBe(0);
    expect(tegra.IS_ERR(tegra.tegra_hv_mempool_reserve(POOL))).toBe(false);
  });

  test("of null is −EINVAL", () => {
    expect(tegra.tegra_hv_mempool_unreserve(null)).toBe(-EINVAL);
  });

  test("of a pool that is not reserved is −EINVAL", () => {
    boot();
    const pool = pointer(tegra.tegra_hv_mempool_reserve(POOL));
    tegra.tegra_hv_mempool_unreserve(pool);
    expect(tegra.tegra_hv_mempool_unreserve(pool)).toBe(-EINVAL);
  });
});

test("after a death nothing returns EHOSTDOWN: the death is a ring, and the calls answer by the state of the link", () => {
  const { hypervisor, a, b } = boot();
  tegra.tegra_hv_remove(b);
  const handle = hypervisor.guest(5);
  const dead = pointer(tegra.tegra_hv_probe(handle));
  onTestFinished(() => void tegra.tegra_hv_remove(dead));
  const ck = reserve(a, QUEUE);
  reserve(dead, QUEUE);
  settleIrqs(a, dead);
  guestDown(handle);
  expect(tegra.poll_irqs(a)).toBe(1);
  expect(tegra.tegra_hv_ivc_write(ck, new Uint8Array(4), 4)).toBe(4);
  expect(tegra.tegra_hv_ivc_can_write(ck)).toBe(1);
  expect(tegra.tegra_hv_ivc_read(ck, new Uint8Array(4), 4)).toBe(-tegra.ENOMEM);
  expect(tegra.tegra_hv_ivc_channel_notified(ck)).toBe(0);
});
