/** SPEC §9 on real memory: a sample of the gate, and its negative controls. */
import { expect, test } from "vitest";
import { sample } from "../helpers/gate.ts";

const GATE = "test/hostile/memory.mjs";

test("a worker writes over all that a peer reaches, and the victim is not harmed", { timeout: 60_000 }, async () => {
  const figures = new Map(await sample(GATE, 60_000));
  expect(Number(figures.get("calls of the victim"))).toBeGreaterThan(10 ** 6);
  expect(Number(figures.get("frames moved by them"))).toBeGreaterThan(10 ** 4);
  expect(Number(figures.get("words scribbled"))).toBeGreaterThan(10 ** 5);
  expect(Number(figures.get("links recovered"))).toBeGreaterThan(50);
});

test("weakened copies of the package are found out", { timeout: 60_000 }, async () => {
  expect(await sample(GATE, 60_000, "--control")).toHaveLength(4);
});
