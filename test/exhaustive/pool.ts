/** Explores scenarios on two threads, each taking the next when it is done with one. */
import { Worker } from "node:worker_threads";
import type { Limits, Result } from "./explorer.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

const THREADS = 2;

/** No scenario is meant to have more states: an exploration that is cut short is an error. */
export const LIMITS: Limits = { states: 12_000_000 };

/** The exploration of one scenario. */
export interface Explored {
  readonly scenario: Scenario;
  readonly result: Result;
  readonly seconds: number;
}

/** What a thread is told: the number of a scenario; then it answers. */
export interface Answer {
  readonly result: Result;
  readonly seconds: number;
}

/**
 * Explores scenarios in order.
 *
 * @param chosen - which
 * @param mutant - name of the mutant to explore them on
 * @param done - called for each; false ends it all
 */
export async function exploreAll(
  chosen: readonly Scenario[],
  mutant: string | undefined,
  done: (explored: Explored) => boolean | Promise<boolean>,
): Promise<void> {
  let next = 0;
  let goOn = true;
  const run = async (): Promise<void> => {
    const worker = new Worker(new URL("worker.js", import.meta.url), { workerData: mutant });
    const failed = new Promise<never>((_, reject) => worker.once("error", reject));
    try {
      for (let scenario = chosen[next++]; scenario && goOn; scenario = chosen[next++]) {
        const answer = new Promise<Answer>((resolve) => worker.once("message", resolve));
        worker.postMessage(scenarios.indexOf(scenario));
        const explored = { scenario, ...(await Promise.race([answer, failed])) };
        goOn = (await done(explored)) && goOn;
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(THREADS, chosen.length) }, run));
}
