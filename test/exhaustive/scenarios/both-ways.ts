/** Frames in both directions at once, between ends that poll. */
import { End } from "../end.ts";
import type { Scenario } from "../scenario.ts";
import { allOf, anyOf, tryReceive, trySend } from "../steps.ts";
import { bareChannel } from "../worlds.ts";

const FRAMES = 4;

export const bothWays: Scenario[] = [1, 2, 3].map((nframes) => ({
  name: `both ways, ${nframes} slots`,
  shows: "two streams that cross",
  sample: true,
  build: (machine) => {
    const bare = bareChannel(machine, nframes, 2 ** 32 - 2);
    const steps = [anyOf(trySend, tryReceive), allOf(tryReceive)];
    return {
      constants: [],
      threads: [0, 1].map((guest) => ({
        name: `end ${guest}`,
        guest,
        start: (e) =>
          new End(e, steps, { sends: FRAMES, expects: FRAMES, forever: true }).bare(bare.open(e.library, guest)),
      })),
    };
  },
}));
