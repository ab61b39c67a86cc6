/** SPEC §7: errno numbers, and errors in place of pointers. */
import { describe, expect, test } from "vitest";
import * as tegra from "../../../src/tegra/index.ts";

describe("errno constants are the kernel's numbers", () => {
  test.each([
    ["EPERM", 1],
    ["E2BIG", 7],
    ["EAGAIN", 11],
    ["ENOMEM", 12],
    ["EBUSY", 16],
    ["ENODEV", 19],
    ["EINVAL", 22],
    ["ECONNRESET", 104],
    ["EHOSTDOWN", 112],
    ["EPROBE_DEFER", 517],
  ])("%s is %i", (name, number) => {
    expect(tegra).toHaveProperty(name, number);
  });
});

describe("IS_ERR tells a negative errno from an object", () => {
  test.each([
    ["−EPERM", -1, true],
    ["−EPROBE_DEFER", -517, true],
    ["0", 0, false],
    ["a positive number", 22, false],
    ["an object", {}, false],
    ["a frame", new Uint8Array(64), false],
    ["null", null, false],
    ["undefined", undefined, false],
  ])("%s", (_name, x, answer) => {
    expect(tegra.IS_ERR(x)).toBe(answer);
  });
});

test("PTR_ERR is the negative errno", () => {
  expect(tegra.PTR_ERR(-517)).toBe(-517);
});

describe("the face has every function of the in-kernel API", () => {
  const names = [
    "tegra_hv_probe tegra_hv_remove tegra_hv_ivc_reserve tegra_hv_ivc_unreserve tegra_hv_ivc_write tegra_hv_ivc_read",
    "tegra_hv_ivc_can_read tegra_hv_ivc_can_write tegra_hv_ivc_tx_empty tegra_hv_ivc_tx_frames_available",
    "tegra_hv_ivc_set_loopback tegra_hv_ivc_perform_loopback tegra_hv_ivc_dump tegra_hv_ivc_read_peek",
    "tegra_hv_ivc_write_poke tegra_hv_ivc_read_get_next_frame tegra_hv_ivc_write_get_next_frame",
    "tegra_hv_ivc_read_advance tegra_hv_ivc_write_advance tegra_hv_ivc_channel_reset tegra_hv_ivc_channel_notified",
    "tegra_hv_ivc_notify tegra_hv_mempool_reserve tegra_hv_mempool_unreserve tegra_hv_get_vmid request_irq free_irq",
    "disable_irq enable_irq poll_irqs wait_for_irqs start_irqs stop_irqs IS_ERR PTR_ERR",
  ];
  test.each(names.join(" ").split(" "))("%s", (name) => {
    expect(tegra).toHaveProperty(name, expect.any(Function));
  });
});
