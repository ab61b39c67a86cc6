/**
 * Resets between guests, whose steps the rings drive: by each end at any time, with frames in flight, from counts that
 * differ. When both have made their calls they sleep until something rings: a step that nobody is rung for would be missed.
 */
import { End } from "../end.ts";
import type { Scenario } from "../scenario.ts";
import { allOf, anyOf, poll, reset, sleep, tryReceive, trySend, waitEstablished, waitReadable } from "../steps.ts";
import { makeGuests } from "../worlds.ts";

const RESTS = {
  "served in its sleep": allOf(sleep, tryReceive),
  "in waits": allOf(waitEstablished, waitReadable, tryReceive),
};

interface Budget {
  readonly sends: number;
  readonly resets: number;
}

/** What each end may do before it rests. */
const CASES: readonly (readonly [Budget, Budget])[] = [
  [
    { sends: 0, resets: 1 },
    { sends: 0, resets: 0 },
  ],
  [
    { sends: 1, resets: 1 },
    { sends: 0, resets: 0 },
  ],
  [
    { sends: 1, resets: 0 },
    { sends: 0, resets: 1 },
  ],
  [
    { sends: 0, resets: 1 },
    { sends: 0, resets: 1 },
  ],
];

export const rungResets: Scenario[] = [];

for (const [rest, step] of Object.entries(RESTS)) {
  for (const [a, b] of CASES) {
    const what = [a, b].map(({ sends, resets }) => `${sends} + ${resets}`);
    rungResets.push({
      name: `resets with rings, ${rest}, frames + resets: ${what.join(" and ")}`,
      sample: a.sends + b.sends + b.resets === 0,
      shows: "both ends ESTABLISHED in every fair run, and no stale frame",
      build: (machine, library) => {
        const queues = [{ id: 0, peers: [0, 1] as const, nframes: 1, frameSize: 64 }];
        const { handles, constants } = makeGuests(machine, library, queues, [0, 1], { start: 2 ** 31 - 1 });
        const steps = [anyOf(trySend, tryReceive, poll, reset), step];
        return {
          constants,
          threads: handles.map((handle, guest) => ({
            name: `guest ${guest}`,
            guest,
            start: (e) => new End(e, steps, { ...[a, b][guest], forever: true }).attach(handle).reserve(),
          })),
        };
      },
    });
  }
}
