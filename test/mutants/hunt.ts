/** A thread that explores scenarios on one mutant after the other, until one shows what is wrong. */
import { parentPort } from "node:worker_threads";
import type { Edit } from "../exhaustive/edit.ts";
import { Explorer } from "../exhaustive/explorer.ts";
import { bundle } from "../exhaustive/library.ts";
import { scenarios } from "../exhaustive/scenarios.ts";

/** What to explore. */
export interface Hunt {
  readonly edits: readonly Edit[];
  /** Numbers of the scenarios, in order. */
  readonly chosen: readonly number[];
  /** A scenario that has more states is left; so is all of it when the time is over. */
  readonly states: number;
  readonly seconds: number;
}

/** What one scenario showed. */
export interface Catch {
  readonly scenario: string;
  readonly states: number;
  /** What must not be; undefined: nothing was found. */
  readonly violation: string | undefined;
}

/** What came of it. */
export interface Bag {
  /** Scenarios that were explored completely, or up to what was found. */
  readonly explored: readonly Catch[];
  /** Scenarios that were left, and why. */
  readonly left: readonly string[];
}

async function hunt({ edits, chosen, states, seconds }: Hunt): Promise<Bag> {
  const instantiate = await bundle(edits);
  const end = performance.now() + 1000 * seconds;
  const explored: Catch[] = [];
  const left: string[] = [];
  for (const number of chosen) {
    const scenario = scenarios[number] as (typeof scenarios)[0];
    try {
      const limits = { states, seconds: (end - performance.now()) / 1000 };
      const { violation, states: count } = new Explorer(scenario, instantiate).run(limits);
      explored.push({ scenario: scenario.name, states: count, violation: violation?.message.split("\n")[0] });
      if (violation) break;
    } catch (error) {
      left.push(`${scenario.name}: ${(error as Error).message}`);
    }
  }
  return { explored, left };
}

parentPort?.on("message", async (task: Hunt) => parentPort?.postMessage(await hunt(task)));
