/**
 * Litmus tests of the orders on which the library relies (docs/memory-model.md), on the real Atomics: no outcome that the
 * memory model forbids is ever seen, every other one is; and no wake-up is lost.
 */
import { Worker } from "node:worker_threads";
import { full, progress, report, size } from "../helpers/gate.mjs";
import { ARRIVALS, handOver } from "./workers/hand-off.mjs";
import { INSTANCES, newMemory, run, TESTS } from "./workers/litmus.mjs";
import { generator, seed } from "./workers/random.mjs";

const BATCHES = Math.ceil(size(1_000_000, 100_000_000) / INSTANCES);
const HAND_OFFS = size(20_000, 1_000_000);

const count = (number) => number.toLocaleString("en");

/** Starts the other thread of a test. */
async function withThread(data, work) {
  const other = new Worker(new URL("workers/litmus-thread.mjs", import.meta.url), {
    workerData: { ...data, seed: seed + 1 },
  });
  const ended = new Promise((resolve, reject) => other.once("error", reject).once("exit", resolve));
  await new Promise((resolve) => other.once("online", resolve));
  const result = work();
  await ended;
  return result;
}

console.error(`--seed ${seed}`);
const figures = [];
const wrong = [];

for (const [name, { isControl, outcomes, forbidden }] of Object.entries(TESTS)) {
  const memory = newMemory();
  const total = BATCHES * INSTANCES;
  const histogram = await withThread({ name, batches: BATCHES, memory }, () =>
    run(name, 0, BATCHES, memory, generator(seed), (done) => progress(done, total, name)),
  );
  const seen = (outcome) => {
    const [a, b] = outcome.split(".").map(Number);
    return histogram[4 * a + b];
  };
  const rows = Object.entries({ ...outcomes, ...forbidden });
  for (const [outcome, what] of rows) {
    const never = outcome in forbidden;
    figures.push([`${name}; ${what}${never ? " (forbidden)" : ""}`, count(seen(outcome))]);
    if (isControl) {
      if (full && never && seen(outcome) === 0) wrong.push(`${name}; ${what}: never seen, so nothing would be found`);
    } else if (never !== (seen(outcome) === 0)) wrong.push(`${name}; ${what}: ${never ? "seen" : "never seen"}`);
  }
  const sum = rows.reduce((before, [outcome]) => before + seen(outcome), 0);
  if (sum !== total) wrong.push(`${name}: an outcome that has no name`);
}

const wake = new Int32Array(new SharedArrayBuffer(16));
const arrivals = await withThread({ rounds: HAND_OFFS, memory: wake }, () =>
  handOver(0, HAND_OFFS, wake, generator(seed)),
);
for (const [i, what] of ARRIVALS.entries()) {
  figures.push([`hand-off; ${what}`, count(arrivals[i])]);
  // A stale one is as rare as a thread that loses its core at the wrong place.
  if (what !== "stale" && (what === "timed-out") !== (arrivals[i] === 0))
    wrong.push(`hand-off; ${what}: ${arrivals[i]}`);
}

report([[`outcomes of ${count(BATCHES * INSTANCES)} runs each, and ${count(HAND_OFFS)} hand-offs`, ""], ...figures]);
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
