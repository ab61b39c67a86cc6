import { expect, test } from "vitest";
import { type Figures, sample } from "../helpers/gate.ts";

const FRAMES = 50_000;

test("an end in WebAssembly, written in another language, is a peer of ours", async () => {
  const figures: Figures = await sample("test/wasm/wasm.mjs", 30_000);
  const [[, frames], [, resets]] = figures as [[string, string], [string, string]];
  expect(Number(frames.replaceAll(",", ""))).toBeGreaterThanOrEqual(FRAMES);
  expect(resets).toBe("40");
}, 35_000);
