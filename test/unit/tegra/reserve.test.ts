/** SPEC §7: reserving and giving back. */
import { describe, expect, test } from "vitest";
import { Hypervisor } from "../../../src/index.ts";
import * as tegra from "../../../src/tegra/index.ts";
import { boot, bootAndReserve, FRAME_SIZE, NFRAMES, probe, put, QUEUE, reserve, take } from "./world.ts";

const { EBUSY, EINVAL, ENODEV, EPERM, EPROBE_DEFER } = tegra;

/** Queue 7 between guests 3 and 5, queue 8 between 5 and 6. */
function bootThree(): { a: tegra.DeviceNode; b: tegra.DeviceNode; c: tegra.DeviceNode } {
  const hypervisor = new Hypervisor({
    queues: [
      { id: 7, peers: [3, 5], nframes: NFRAMES, frameSize: FRAME_SIZE },
      { id: 8, peers: [5, 6], nframes: NFRAMES, frameSize: FRAME_SIZE },
    ],
  });
  return { a: probe(hypervisor, 3), b: probe(hypervisor, 5), c: probe(hypervisor, 6) };
}

describe("tegra_hv_ivc_reserve", () => {
  test("returns a cookie with irq, peer_vmid, nframes and frame_size", () => {
    const { a } = boot();
    const ck = reserve(a, QUEUE);
    expect(ck).toMatchObject({ peer_vmid: 5, nframes: NFRAMES, frame_size: FRAME_SIZE });
    expect(Number.isInteger(ck.irq)).toBe(true);
  });

  test("gives each of a guest's endpoints a line of its own", () => {
    const { b } = bootThree();
    const first = reserve(b, 7);
    const second = reserve(b, 8);
    expect(first.irq).not.toBe(second.irq);
    expect([first.peer_vmid, second.peer_vmid]).toEqual([3, 6]);
  });

  test("with dn null reserves for the first guest that this thread attached", () => {
    boot();
    expect(reserve(null, QUEUE).peer_vmid).toBe(5);
  });

  test.each([
    ["null", () => null],
    ["a guest that was removed", () => staleGuest()],
    ["no guest at all", () => ({}) as never],
  ])("is −EPROBE_DEFER while nothing is attached, whatever dn and id are: dn %s", (_name, dn) => {
    expect(tegra.tegra_hv_ivc_reserve(dn(), 99, null)).toBe(-EPROBE_DEFER);
  });

  test.each([99, -1, 1.5, Number.NaN, "7", null, undefined])("is −ENODEV for an unknown id: %s", (id) => {
    const { a } = boot();
    expect(tegra.tegra_hv_ivc_reserve(a, id as never, null)).toBe(-ENODEV);
  });

  test("is −ENODEV for a queue of which this guest is no peer", () => {
    const { a, c } = bootThree();
    expect(tegra.tegra_hv_ivc_reserve(a, 8, null)).toBe(-ENODEV);
    expect(tegra.tegra_hv_ivc_reserve(c, 7, null)).toBe(-ENODEV);
  });

  test("is −ENODEV, not −EBUSY, for a detached dn whose queue is reserved by another", () => {
    const { hypervisor, a } = boot();
    tegra.tegra_hv_remove(a);
    reserve(probe(hypervisor, 3), QUEUE);
    expect(tegra.tegra_hv_ivc_reserve(a, QUEUE, null)).toBe(-ENODEV);
  });

  test("is −EBUSY if it is reserved already", () => {
    const { a } = bootAndReserve();
    expect(tegra.tegra_hv_ivc_reserve(a, QUEUE, null)).toBe(-EBUSY);
  });

  test("is −EBUSY if it is reserved already with ops, and calls none of the new ones", () => {
    const { a } = boot();
    reserve(a, QUEUE, {});
    let calls = 0;
    expect(tegra.tegra_hv_ivc_reserve(a, QUEUE, { tx_rdy: () => calls++ })).toBe(-EBUSY);
    expect(calls).toBe(0);
  });

  test("does not refuse the other end of the same queue", () => {
    const { a, b } = boot();
    reserve(a, QUEUE);
    expect(reserve(b, QUEUE).peer_vmid).toBe(3);
  });
});

function staleGuest(): tegra.DeviceNode {
  const { a, b } = boot();
  tegra.tegra_hv_remove(a);
  tegra.tegra_hv_remove(b);
  return a;
}

describe("tegra_hv_ivc_unreserve", () => {
  test("is 0", () => {
    expect(tegra.tegra_hv_ivc_unreserve(bootAndReserve().ck)).toBe(0);
  });

  test("lets the queue be reserved again, going on from the counters in memory", () => {
    const { a, ck, peer } = bootAndReserve();
    put(ck, 1);
    put(peer, 2);
    tegra.tegra_hv_ivc_unreserve(ck);
    const next = reserve(a, QUEUE);
    expect(tegra.tegra_hv_ivc_channel_notified(next)).toBe(0);
    put(next, 3);
    expect([take(peer), take(peer), take(next)]).toEqual([1, 3, 2]);
  });

  test("of null is −EINVAL", () => {
    expect(tegra.tegra_hv_ivc_unreserve(null)).toBe(-EINVAL);
  });

  test("of a cookie that is not reserved is −EINVAL", () => {
    const { ck } = bootAndReserve();
    tegra.tegra_hv_ivc_unreserve(ck);
    expect(tegra.tegra_hv_ivc_unreserve(ck)).toBe(-EINVAL);
  });

  test("of a stale cookie does not end the reservation of the next owner", () => {
    const { a, ck } = bootAndReserve();
    tegra.tegra_hv_ivc_unreserve(ck);
    const next = reserve(a, QUEUE);
    tegra.tegra_hv_ivc_unreserve(ck);
    expect(tegra.tegra_hv_ivc_channel_notified(ck)).toBe(-EPERM);
    expect(tegra.tegra_hv_ivc_channel_notified(next)).toBe(0);
  });
});
