/**
 * Resets between guests, whose steps the rings drive: by each end at any time, with frames in flight, from counts that
 * differ. When both have made their calls they sleep until something rings: a step that nobody is rung for would be missed.
 */
import { End, type Step } from "../end.ts";
import type { Scenario } from "../scenario.ts";
import { allOf, anyOf, poll, reset, sleep, tryReceive, trySend, waitEstablished, waitReadable } from "../steps.ts";
import { makeGuests } from "../worlds.ts";

interface Rest {
  readonly step: Step;
  /** How many of the cases are explored. */
  readonly cases: number;
}

const RESTS: { readonly [name: string]: Rest } = {
  "served in its sleep": { step: allOf(sleep, tryReceive), cases: 4 },
  "waiting for frames": { step: allOf(waitReadable, tryReceive), cases: 1 },
  "waiting for the link": { step: allOf(waitEstablished, tryReceive), cases: 2 },
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
    { sends: 1, resets: 0 },
    { sends: 0, resets: 1 },
  ],
  [
    { sends: 1, resets: 1 },
    { sends: 0, resets: 0 },
  ],
  [
    { sends: 0, resets: 1 },
    { sends: 0, resets: 1 },
  ],
];

export const rungResets: Scenario[] = [];

for (const [rest, { step, cases }] of Object.entries(RESTS)) {
  for (const [a, b] of CASES.slice(0, cases)) {
    const what = [a, b].map(({ sends, resets }) => `${sends} + ${resets}`);
    rungResets.push({
      name: `resets with rings, ${rest}, frames + resets: ${what.join(" and ")}`,
      sample: a.sends + b.resets === 0 && cases > 2,
      shows: "both ends ESTABLISHED in every fair run, and no stale frame",
      build: (machine, library) => {
        const queues = [{ id: 0, peers: [0, 1] as const, nframes: 1, frameSize: 64 }];
        const { handles, constants } = makeGuests(machine, library, queues, [0, 1], 2 ** 31 - 1);
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
