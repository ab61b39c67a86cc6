/** The sample of the gate `models.mjs`: Spin searches the models of this drawer. Skipped where Spin is not installed. */
import { expect, test } from "vitest";
import { type Figures, sample } from "../helpers/gate.ts";

/** What the gate ends with where a program that it needs is not installed. */
const NOT_INSTALLED = 3;

test("the models hold, and each seeded bug is found", { timeout: 300_000 }, async (ctx) => {
  let figures: Figures = [];
  try {
    figures = await sample("test/spin/models.mjs", 290_000);
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code !== NOT_INSTALLED) throw error;
    ctx.skip(stderr?.trim());
  }
  expect(Object.fromEntries(figures)).toMatchObject({
    "faults of the bare wire found": "2",
    "seeded bugs found": "6",
  });
});
