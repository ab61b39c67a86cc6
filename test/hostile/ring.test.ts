/**
 * SPEC §9 on the ring layer, call by call: the peer answers each fetch as it likes, in every combination, in every own
 * state, with whatever the caches hold. No byte of anybody else is touched, no slot but the own position's, a constant number
 * of operations is made, the answer is a documented one, and own counts and positions move by own acts only.
 */
import { describe, expect, test, vi } from "vitest";
import { IvcChannel } from "../../src/index.ts";
import type * as Memory from "../../src/memory.ts";
import { adversary } from "./adversary.ts";
import { Canaries, mayOpen } from "./contract.ts";
import { besiege, open, type Setup } from "./ring-world.ts";
import { VERBS } from "./verbs.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { besieged } = await import("./besieged.ts");
  return besieged(await original<typeof Memory>());
});

const COUNTS = [0, 2, 2 ** 31 - 1, 2 ** 32 - 2, 2 ** 32 - 1];
/** 7 is no state: it can only have been found in memory. */
const STATES = [0, 1, 2, 7];

const setups = (nframes: number): Setup[] =>
  COUNTS.flatMap((count) =>
    STATES.map((state) => ({ nframes, own: [count, COUNTS.at(-1 - COUNTS.indexOf(count))!, state] })),
  );

describe.each(Object.keys(VERBS))("%s", (name) => {
  test.each([1, 2, 3, 4])(
    "with %i frames: whatever the peer answers, the contract holds; and the bound is reached",
    (n) => {
      const found = setups(n).map((setup) => besiege(name, setup));
      expect(Math.max(...found)).toBe(VERBS[name]!.bound);
    },
  );
});

test.each([1, 3])(
  "opening on memory in use takes each own word once, and finds a position within %i frames",
  (nframes) => {
    const { places, options } = open({ nframes, own: [0, 0, 0] });
    const canaries = new Canaries(places.buffer);
    const found = new Set<number>();
    mayOpen(places, true);
    adversary.exhaust(() => {
      canaries.restore();
      const opened = adversary.disturb(() => new IvcChannel(options));
      for (const { position } of [opened.tx, opened.rx]) found.add(position);
      canaries.check();
      if (adversary.operations !== 3) throw new Error(`${adversary.operations} operations`);
    });
    expect([...found].sort()).toEqual([...Array(nframes).keys()]);
  },
);
