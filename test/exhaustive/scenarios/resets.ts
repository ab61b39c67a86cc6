/** The reset handshake without rings: each end makes any call at any time, and then takes its steps for ever. */
import { End } from "../end.ts";
import type { Library } from "../library.ts";
import type { Scenario } from "../scenario.ts";
import { allOf, anyOf, notified, reset, tryReceive, trySend } from "../steps.ts";
import { type Bare, bareChannel } from "../worlds.ts";

interface Budget {
  readonly sends: number;
  readonly resets: number;
}

type Open = (bare: Bare, library: Library, guest: 0 | 1) => ReturnType<Bare["open"]>;

function build(nframes: number, start: number, budgets: readonly Budget[], open: Open): Scenario["build"] {
  return (machine) => {
    const bare = bareChannel(machine, nframes, start);
    const steps = [anyOf(trySend, tryReceive, notified, reset), allOf(notified, tryReceive)];
    return {
      constants: [],
      threads: budgets.map((budget, guest) => ({
        name: `end ${guest}`,
        guest,
        start: (e) => new End(e, steps, { ...budget, forever: true }).bare(open(bare, e.library, guest as 0 | 1)),
      })),
      invariant: (view) => (bare.settledOverfull(view) ? "over-full, and both ends ESTABLISHED" : undefined),
    };
  };
}

const packed: Open = (bare, library, guest) => bare.openPacked(library, guest);
const wire: Open = (bare, library, guest) => bare.open(library, guest);

const NOTHING: Budget = { sends: 0, resets: 0 };

/** Budgets of the two ends, from which counts, by their slots. */
const CASES: readonly (readonly [nframes: number, start: number, a: Budget, b: Budget, sample: boolean])[] = [
  [1, 0, { sends: 1, resets: 1 }, { sends: 1, resets: 1 }, true],
  [2, 2 ** 31 - 1, { sends: 3, resets: 1 }, { sends: 0, resets: 1 }, true],
  [3, 2 ** 32 - 2, { sends: 2, resets: 1 }, NOTHING, true],
  [3, 2 ** 32 - 2, { sends: 2, resets: 0 }, { sends: 0, resets: 2 }, true],
  [1, 7, { sends: 2, resets: 2 }, { sends: 0, resets: 2 }, false],
  [2, 7, { sends: 2, resets: 2 }, { sends: 1, resets: 2 }, false],
];

export const resets: Scenario[] = CASES.map(([nframes, start, a, b, sample]) => ({
  name: `resets, ${nframes} slots, from ${start}, frames + resets: ${a.sends} + ${a.resets} and ${b.sends} + ${b.resets}`,
  shows: "both ends ESTABLISHED in every fair run, nothing over-full then, no torn and no stale frame",
  sample,
  build: build(nframes, start, [a, b], packed),
}));

for (const [what, finds] of Object.entries({ "an over-full queue": /over-full/, "a torn frame": /race/ })) {
  resets.push({
    name: `the bare wire: ${what}`,
    shows: "what the wire handshake does not promise",
    sample: true,
    finds,
    build: build(
      1,
      0,
      [
        { sends: 2, resets: 1 },
        { sends: 0, resets: 1 },
      ],
      wire,
    ),
  });
}
