/** A thread that explores the scenarios it is told. */
import { parentPort, workerData } from "node:worker_threads";
import { mutants } from "../mutants/mutants.ts";
import { Explorer } from "./explorer.ts";
import { bundle } from "./library.ts";
import { type Answer, LIMITS } from "./pool.ts";
import { scenarios } from "./scenarios.ts";

const edits = mutants.find(({ name }) => name === workerData)?.edits;
const instantiate = await bundle(edits);

parentPort?.on("message", (index: number) => {
  const start = performance.now();
  const scenario = scenarios[index];
  if (!scenario) throw new Error(`no scenario ${index}`);
  const result = new Explorer(scenario, instantiate).run(LIMITS);
  const answer: Answer = { result, seconds: (performance.now() - start) / 1000 };
  parentPort?.postMessage(answer);
});
