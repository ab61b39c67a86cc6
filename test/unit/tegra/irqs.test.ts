/** SPEC §7, §8: lines by the kernel's names. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import * as tegra from "../../../src/tegra/index.ts";
import { forbidBlocking, sleep, until } from "../../helpers/hypervisor.ts";
import { boot, bootAndReserve, fillUp, put, QUEUE, reserve, settleIrqs, take } from "./world.ts";

const { EBUSY, EINVAL, ENODEV } = tegra;
const nothing = (): void => undefined;

const takesIrq: Record<string, (dn: tegra.DeviceNode, irq: number) => number> = {
  request_irq: (dn, irq) => tegra.request_irq(dn, irq, nothing),
  free_irq: tegra.free_irq,
  disable_irq: tegra.disable_irq,
  enable_irq: tegra.enable_irq,
};

describe.each(Object.entries(takesIrq))("%s of an unknown line is −EINVAL", (_name, call) => {
  test.each([0, -1, 2, 99, 0.5, Number.NaN, "1", null, undefined, 1n])("line %s", (irq) => {
    const { a } = bootAndReserve();
    expect(call(a, irq as never)).toBe(-EINVAL);
  });

  test("an unknown line of a guest that is detached is −ENODEV", () => {
    const { a } = bootAndReserve();
    tegra.tegra_hv_remove(a);
    expect(call(a, 99)).toBe(-ENODEV);
  });
});

describe("request_irq", () => {
  test("is 0, and calls the handler with the number of the line", () => {
    const { a, ck, peer } = bootAndReserve();
    const handler = vi.fn();
    expect(tegra.request_irq(a, ck.irq, handler)).toBe(0);
    tegra.poll_irqs(a);
    handler.mockClear();
    tegra.tegra_hv_ivc_notify(peer);
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(handler.mock.calls).toEqual([[ck.irq]]);
  });

  test("takes a line whose endpoint is not reserved", () => {
    const { a, ck } = bootAndReserve();
    tegra.tegra_hv_ivc_unreserve(ck);
    expect(tegra.request_irq(a, ck.irq, nothing)).toBe(0);
  });

  test("is −EBUSY if there is a handler already, which stays", () => {
    const { a, ck } = bootAndReserve();
    const first = vi.fn();
    const second = vi.fn();
    tegra.request_irq(a, ck.irq, first);
    expect(tegra.request_irq(a, ck.irq, second)).toBe(-EBUSY);
    tegra.poll_irqs(a);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 0]);
  });

  test.each([
    ["both", { rx_rdy: nothing, tx_rdy: nothing }],
    ["rx_rdy", { rx_rdy: nothing }],
    ["tx_rdy", { tx_rdy: nothing }],
    ["neither", {}],
  ])("is −EBUSY if the cookie was reserved with ops: %s", (_name, ops) => {
    const { a } = boot();
    const ck = reserve(a, QUEUE, ops);
    expect(tegra.request_irq(a, ck.irq, nothing)).toBe(-EBUSY);
  });

  test("is 0 once the cookie that had ops is not reserved", () => {
    const { a } = boot();
    const ck = reserve(a, QUEUE, {});
    tegra.tegra_hv_ivc_unreserve(ck);
    expect(tegra.request_irq(a, ck.irq, nothing)).toBe(0);
  });

  test.each([null, undefined, 1, {}])("is −EINVAL for a handler that is no function: %s", (handler) => {
    const { a, ck } = bootAndReserve();
    expect(tegra.request_irq(a, ck.irq, handler as never)).toBe(-EINVAL);
  });
});

describe("free_irq", () => {
  test("is 0, and the handler is not called any more", () => {
    const { a, ck, peer } = bootAndReserve();
    const handler = vi.fn();
    tegra.request_irq(a, ck.irq, handler);
    expect(tegra.free_irq(a, ck.irq)).toBe(0);
    tegra.tegra_hv_ivc_notify(peer);
    tegra.poll_irqs(a);
    expect(handler).not.toHaveBeenCalled();
  });

  test("is −EINVAL if there is no handler", () => {
    const { a, ck } = bootAndReserve();
    expect(tegra.free_irq(a, ck.irq)).toBe(-EINVAL);
  });

  test("is −EINVAL the second time", () => {
    const { a, ck } = bootAndReserve();
    tegra.request_irq(a, ck.irq, nothing);
    tegra.free_irq(a, ck.irq);
    expect(tegra.free_irq(a, ck.irq)).toBe(-EINVAL);
  });

  test("is −EINVAL for a cookie with ops: those are no handler", () => {
    const { a } = boot();
    expect(tegra.free_irq(a, reserve(a, QUEUE, {}).irq)).toBe(-EINVAL);
  });

  test("lets another handler be installed", () => {
    const { a, ck } = bootAndReserve();
    tegra.request_irq(a, ck.irq, nothing);
    tegra.free_irq(a, ck.irq);
    expect(tegra.request_irq(a, ck.irq, nothing)).toBe(0);
  });
});

describe("disable_irq and enable_irq", () => {
  test("mask the line and unmask it: delivery waits until then", () => {
    const { a, ck, peer } = bootAndReserve();
    const handler = vi.fn();
    tegra.request_irq(a, ck.irq, handler);
    tegra.poll_irqs(a);
    handler.mockClear();
    expect(tegra.disable_irq(a, ck.irq)).toBe(0);
    tegra.tegra_hv_ivc_notify(peer);
    expect(tegra.poll_irqs(a)).toBe(0);
    expect(handler).not.toHaveBeenCalled();
    expect(tegra.enable_irq(a, ck.irq)).toBe(0);
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("mask one line only", () => {
    const { a, b, ck, peer } = bootAndReserve();
    tegra.disable_irq(b, peer.irq);
    tegra.tegra_hv_ivc_notify(peer);
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(ck.irq).toBe(1);
  });

  test("are 0 when the line is in that mode already", () => {
    const { a, ck } = bootAndReserve();
    const seen = [tegra.enable_irq, tegra.disable_irq, tegra.disable_irq, tegra.enable_irq].map((f) => f(a, ck.irq));
    expect(seen).toEqual([0, 0, 0, 0]);
  });
});

describe("poll_irqs", () => {
  test("is the number of lines served", () => {
    const { a, b, peer, ck } = bootAndReserve();
    expect(tegra.poll_irqs(a)).toBe(0);
    tegra.tegra_hv_ivc_notify(peer);
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(tegra.poll_irqs(a)).toBe(0);
    tegra.tegra_hv_ivc_notify(ck);
    expect(tegra.poll_irqs(b)).toBe(1);
  });
});

describe("wait_for_irqs", () => {
  test("timeout 0 polls: 0 at once when nothing is pending", () => {
    const { a } = bootAndReserve();
    const blocked = vi.spyOn(Atomics, "wait");
    onTestFinished(() => blocked.mockRestore());
    expect(tegra.wait_for_irqs(a, 0)).toBe(0);
    expect(blocked).not.toHaveBeenCalled();
  });

  test("timeout 0 polls: serves what is pending", () => {
    const { a, peer } = bootAndReserve();
    tegra.tegra_hv_ivc_notify(peer);
    expect(tegra.wait_for_irqs(a, 0)).toBe(1);
  });

  test("is the number of lines served when one is pending", () => {
    const { a, peer } = bootAndReserve();
    tegra.tegra_hv_ivc_notify(peer);
    expect(tegra.wait_for_irqs(a, 1000)).toBe(1);
  });

  test("is 0 after the timeout", () => {
    const { a } = bootAndReserve();
    const start = performance.now();
    expect(tegra.wait_for_irqs(a, 20)).toBe(0);
    expect(performance.now() - start).toBeGreaterThanOrEqual(19);
  });

  test.each([-1, -0.5, Number.NaN, Infinity, "5", null, undefined, {}, 5n])("timeout %s is −EINVAL", (timeout) => {
    const { a, peer } = bootAndReserve();
    tegra.tegra_hv_ivc_notify(peer);
    expect(tegra.wait_for_irqs(a, timeout as never)).toBe(-EINVAL);
    expect(tegra.poll_irqs(a), "nothing was served").toBe(1);
  });

  test("a bad timeout of a guest that is detached is −ENODEV", () => {
    const { a } = bootAndReserve();
    tegra.tegra_hv_remove(a);
    expect(tegra.wait_for_irqs(a, -1)).toBe(-ENODEV);
  });

  test("nothing here throws for a condition that has an errno: where blocking is not allowed it is −EINVAL", () => {
    const { a } = bootAndReserve();
    forbidBlocking();
    expect(tegra.wait_for_irqs(a, 5)).toBe(-EINVAL);
  });
});

describe("start_irqs and stop_irqs", () => {
  test("deliver on the event loop, and stop", async () => {
    const { a, ck, peer } = bootAndReserve();
    const handler = vi.fn();
    tegra.request_irq(a, ck.irq, handler);
    tegra.poll_irqs(a);
    handler.mockClear();
    expect(tegra.start_irqs(a)).toBe(0);
    tegra.tegra_hv_ivc_notify(peer);
    expect(handler, "not inside the ring").not.toHaveBeenCalled();
    await until(() => handler.mock.calls.length > 0);
    expect(tegra.stop_irqs(a)).toBe(0);
    handler.mockClear();
    tegra.tegra_hv_ivc_notify(peer);
    await sleep(20);
    expect(handler).not.toHaveBeenCalled();
    expect(tegra.poll_irqs(a), "it stayed pending").toBe(1);
  });
});

describe("who is rung for data", () => {
  test("the reader, when a frame comes into an empty queue, and not for the next ones", () => {
    const { b, ck } = bootAndReserve();
    put(ck);
    expect(tegra.poll_irqs(b)).toBe(1);
    put(ck);
    expect(tegra.poll_irqs(b)).toBe(0);
  });

  test("the writer, when a frame leaves a full queue, and not for the next ones", () => {
    const { a, b, ck, peer } = bootAndReserve();
    fillUp(ck);
    settleIrqs(a, b);
    take(peer);
    expect(tegra.poll_irqs(a)).toBe(1);
    take(peer);
    expect(tegra.poll_irqs(a)).toBe(0);
  });

  test("nobody by queries, peek, poke and frames in place", () => {
    const { a, b, ck, peer } = bootAndReserve();
    put(peer);
    settleIrqs(a, b);
    const buf = new Uint8Array(8);
    tegra.tegra_hv_ivc_can_read(ck);
    tegra.tegra_hv_ivc_can_write(ck);
    tegra.tegra_hv_ivc_tx_empty(ck);
    tegra.tegra_hv_ivc_tx_frames_available(ck);
    tegra.tegra_hv_ivc_read_peek(ck, buf, 0, 8);
    tegra.tegra_hv_ivc_write_poke(ck, buf, 0, 8);
    tegra.tegra_hv_ivc_read_get_next_frame(ck);
    tegra.tegra_hv_ivc_write_get_next_frame(ck);
    expect(tegra.poll_irqs(b)).toBe(0);
  });
});
