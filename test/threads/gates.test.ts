import { expect, it } from "vitest";
import { sample } from "../helpers/gate.ts";

/** Longest run of a sample, in ms, however busy the machine is. */
const DEADLINE = 180_000;

it.each([
  ["kill.mjs", "kills", "200"],
  ["soak.mjs", "frames, each with its CRC-32", expect.stringMatching(/^1,000,0\d\d$/)],
  ["wrap.mjs", "streams across a wrap", "16"],
  ["litmus.mjs", "outcomes of 1,000,000 runs each, and 20,000 hand-offs", ""],
])("the sample of %s holds", { timeout: DEADLINE + 5_000 }, async (program, label, figure) => {
  expect(await sample(`test/threads/${program}`, DEADLINE)).toContainEqual([label, figure]);
});
