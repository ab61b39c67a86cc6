/** Mutants of the protocol: wrong versions of the sources, each of which some gate must tell from the right one. */
import { guests } from "./guests.ts";
import { interrupts } from "./interrupts.ts";
import type { Mutant } from "./mutant.ts";
import { ring } from "./ring.ts";
import { states } from "./states.ts";
import { waiting } from "./waiting.ts";

/** All mutants, by what is wrong in them. */
export const layers: { readonly [layer: string]: readonly Mutant[] } = {
  frames: ring,
  reset: states,
  interrupts,
  waits: waiting,
  guests,
};

export const mutants: readonly Mutant[] = Object.values(layers).flat();
