/**
 * The in-kernel API of Tegra's IVC driver, function for function (SPEC §7).
 *
 * @module ivc-ring/tegra
 */
export * from "./driver.ts";
export * from "./errno.ts";
export * from "./ivc.ts";
