import { expect, test } from "vitest";
import { sample } from "../helpers/gate.ts";

test("the explorer tells wrong versions of the protocol from the right one", { timeout: 60_000 }, async () => {
  const figures = Object.fromEntries(await sample("build/checks/mutants.js", 60_000));
  expect(figures["that survive"]).toBe("0");
});
