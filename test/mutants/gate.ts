/**
 * The gate: every mutant must die, by a scenario of the explorer or else by a unit test. It takes a sample; with --full all
 * of them, and writes docs/mutants.md. First the right sources must survive what the mutants shall die of.
 */
import { writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { cac } from "cac";
import { scenarios } from "../exhaustive/scenarios.ts";
import type { Bag, Hunt } from "./hunt.ts";
import type { Mutant } from "./mutant.ts";
import { layers } from "./mutants.ts";
import { table } from "./table.ts";
import { runUnitTests } from "./unit.ts";

/** How a mutant ended. */
export interface Fate {
  readonly layer: string;
  readonly mutant: Mutant;
  /** A scenario or a test; undefined: it survives. */
  readonly killer: string | undefined;
  readonly how: string;
  readonly byTest: boolean;
  readonly seconds: number;
}

/** States of each scenario that mutants may die of, by its number; the smallest first. */
type Sizes = ReadonlyMap<number, number>;

/** Scenarios of bare channels. */
const BARE = /^(stream|both ways|resets, \d)/;

const THREADS = 2;
/** Scenarios of more states are not for mutants, unless a hint names them; */
const STATES = 50_000;
/** then they may be so large. */
const HINTED_STATES = 2_000_000;
/** How many times as many states a mutant may make of a scenario. */
const GROWTH = 3;
/** Longest exploration of one mutant, in s. */
const BUDGET = 40;
/** Longest run of the unit tests, in ms. */
const DEADLINE = 300_000;

const cli = cac("mutants");
cli.option("--full", "all mutants, not only a sample");
cli.option("--mutant <text>", "only mutants whose name contains the text");
cli.option("--no-tests", "no unit tests: who survives the explorer survives");
cli.help();
const { options } = cli.parse();

if (!options["help"]) process.exitCode = await main();

async function main(): Promise<number> {
  const { full, mutant: text, tests } = options as { full?: boolean; mutant?: string; tests: boolean };
  const start = performance.now();
  const quick = !full && text === undefined;
  const chosen = Object.entries(layers).flatMap(([layer, mutants]) =>
    mutants
      .filter(({ name, sample }) => (quick ? sample : name.includes(text ?? "")))
      .map((mutant) => [layer, mutant] as const),
  );
  const named = new Set(chosen.flatMap(([, { hint }]) => hinted(hint)));
  const sizes = await survive(quick ? [...named] : candidates(), named);
  if (!quick && tests) {
    const { failed, how } = await runUnitTests(undefined, undefined, DEADLINE);
    if (failed !== undefined) throw new Error(`the right sources are killed: ${failed}: ${how}`);
  }
  const fates: Fate[] = [];
  await onThreads(chosen, async ([layer, mutant], thread) => {
    const fate = await kill(thread, layer, mutant, sizes, !quick && tests);
    fates.push(fate);
    const { killer, how, seconds } = fate;
    process.stderr.write(
      `${seconds.toFixed(1).padStart(6)} s  ${mutant.name}\n          ${killer ?? "SURVIVES"}: ${how}\n`,
    );
  });
  fates.sort((a, b) => index(a) - index(b));
  if (full && tests && text === undefined)
    writeFileSync(new URL("../../docs/mutants.md", import.meta.url), table(fates));
  const survivors = fates.filter(({ killer }) => killer === undefined);
  console.log(
    JSON.stringify([
      ["mutants", String(fates.length)],
      ["killed by the explorer", String(fates.filter(({ killer, byTest }) => killer && !byTest).length)],
      ["killed by a unit test", String(fates.filter(({ byTest }) => byTest).length)],
      ["that survive", String(survivors.length)],
      ["seconds", String(Math.round((performance.now() - start) / 1000))],
    ]),
  );
  return survivors.length > 0 ? 1 : 0;
}

function index({ mutant }: Fate): number {
  return Object.values(layers).flat().indexOf(mutant);
}

/** Numbers of the scenarios that a mutant may die of: in the others something is found on the right sources. */
function candidates(): number[] {
  return [...scenarios.keys()].filter((number) => scenarios[number]?.finds === undefined);
}

/** The scenarios that a hint names. */
function hinted(hint: string | undefined): number[] {
  return candidates().filter((number) => hint !== undefined && scenarios[number].name.includes(hint));
}

/** The sizes of the scenarios that are small enough, the smallest first; nothing may be found in them on the right sources. */
async function survive(chosen: readonly number[], named: ReadonlySet<number>): Promise<Sizes> {
  const sizes: [number, number][] = [];
  const faults: string[] = [];
  await onThreads(chosen, async (number, thread) => {
    const limit = named.has(number) ? HINTED_STATES : STATES;
    const { explored } = await ask(thread, { edits: [], chosen: [number], states: limit, seconds: BUDGET });
    for (const { states, violation } of explored) {
      sizes.push([number, states]);
      if (violation !== undefined) faults.push(`${scenarios[number].name}: ${violation}`);
    }
  });
  if (faults.length > 0) throw new Error(`the right sources are killed:\n${faults.join("\n")}`);
  process.stderr.write(`${sizes.length} of ${chosen.length} scenarios are small enough\n`);
  return new Map(sizes.sort(([, a], [, b]) => a - b));
}

async function kill(thread: Worker, layer: string, mutant: Mutant, sizes: Sizes, tests: boolean): Promise<Fate> {
  const start = performance.now();
  const { hint, edits, name } = mutant;
  const fate = (killer: string | undefined, how: string, byTest: boolean): Fate => {
    return { layer, mutant, killer, how, byTest, seconds: (performance.now() - start) / 1000 };
  };
  if (tests && hint?.startsWith("test/")) {
    const { failed, how } = await runUnitTests(name, hint, DEADLINE);
    if (failed !== undefined) return fate(failed, how, true);
  }
  const first = hinted(hint).filter((number) => sizes.has(number));
  first.sort((a, b) => (sizes.get(a) as number) - (sizes.get(b) as number));
  // Bare channels have neither lines nor guests.
  const bare = layer === "frames" || layer === "reset";
  const rest = [...sizes.keys()].filter(
    (number) => (sizes.get(number) as number) <= STATES && (bare || !BARE.test(scenarios[number].name)),
  );
  const states = GROWTH * HINTED_STATES;
  const task = { edits, chosen: [...new Set([...first, ...rest])], states, seconds: BUDGET };
  const { explored, left } = await ask(thread, task);
  const found = explored.at(-1);
  if (found?.violation !== undefined) return fate(found.scenario, found.violation, false);
  const notes = `${explored.length} scenarios find nothing${left.map((why) => `; left ${why}`).join("")}`;
  if (!tests) return fate(undefined, notes, false);
  const { failed, how } = await runUnitTests(name, undefined, DEADLINE);
  return failed === undefined ? fate(undefined, notes, false) : fate(failed, how, true);
}

/** Has a thread do something for each item, the next when it is done with one. */
async function onThreads<T>(items: readonly T[], work: (item: T, thread: Worker) => Promise<void>): Promise<void> {
  const queue = [...items];
  const run = async (): Promise<void> => {
    const thread = new Worker(new URL("hunt.js", import.meta.url));
    try {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, thread);
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(THREADS, items.length) }, run));
}

function ask(thread: Worker, task: Hunt): Promise<Bag> {
  return new Promise((resolve, reject) => {
    const done = (bag: Bag): void => {
      thread.off("error", reject);
      resolve(bag);
    };
    thread.once("error", reject);
    thread.once("message", done);
    thread.postMessage(task);
  });
}
