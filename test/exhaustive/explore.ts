/**
 * The gate: explores all scenarios, on two threads. `npm run explore -- --help` tells its options; without any it takes the
 * sample.
 */
import { cac } from "cac";
import { mutants } from "../mutants/mutants.ts";
import { replay as run } from "./explorer.ts";
import { bundle } from "./library.ts";
import { exploreAll, LIMITS } from "./pool.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

const cli = cac("explore");
cli.option("--full", "explore every scenario, not only the sample");
cli.option("--scenario <text>", "only scenarios whose name contains the text");
cli.option("--mutant <name>", "on this mutant of the sources (see test/mutants/mutants.ts)");
cli.option("--replay <moves>", "do not explore: run this schedule of the one scenario, and tell what happens");
cli.help();
const { options } = cli.parse();

if (!options["help"]) process.exitCode = await main();

async function main(): Promise<number> {
  const { full, scenario: text, mutant, replay } = options as Record<string, string | undefined>;
  const chosen = scenarios.filter(({ name, sample }) => (text === undefined ? full || sample : name.includes(text)));
  const exact = scenarios.find(({ name }) => name === text) ?? chosen[0];
  if (mutant !== undefined && !mutants.some(({ name }) => name === mutant))
    throw new Error(`no such mutant: ${mutant}`);
  if (!exact) throw new Error(`no scenario has ${text} in its name`);
  if (replay !== undefined) {
    console.log((await tell(exact, mutant, decode(String(replay)))).join("\n"));
    return 0;
  }
  return explore(chosen, mutant);
}

async function explore(chosen: readonly Scenario[], mutant: string | undefined): Promise<number> {
  const start = performance.now();
  let failed = 0;
  const sums = { scenarios: 0, states: 0, transitions: 0, nodes: 0 };
  await exploreAll(chosen, mutant, async ({ scenario, result, seconds }) => {
    const { states, transitions, nodes, violation } = result;
    sums.scenarios++;
    sums.states += states;
    sums.transitions += transitions;
    sums.nodes += nodes;
    const size = `${states.toLocaleString("en").padStart(11)} states ${seconds.toFixed(1).padStart(6)} s`;
    process.stderr.write(`${size}  ${scenario.name}${violation ? `: ${violation.message.split("\n")[0]}` : ""}\n`);
    if ((violation === undefined) === (scenario.finds === undefined)) return true;
    failed++;
    process.stderr.write(
      `\n${scenario.name} (${scenario.shows}): ${violation?.message ?? `found no ${scenario.finds}`}\n`,
    );
    if (violation) {
      const lines = await tell(scenario, mutant, violation.moves);
      const schedule = `--scenario "${scenario.name}"${mutant ? ` --mutant "${mutant}"` : ""} --replay ${encode(violation.moves)}`;
      process.stderr.write(`${lines.join("\n")}\n\nReplay: npm run explore -- ${schedule}\n`);
    }
    return false;
  });
  const seconds = (performance.now() - start) / 1000;
  const figures = {
    "scenarios, each explored completely": sums.scenarios,
    states: sums.states,
    transitions: sums.transitions,
    "nodes (runs of the real code)": sums.nodes,
    "most states that a scenario may have": LIMITS.states,
    "states per second, two threads": Math.round(sums.states / seconds),
    seconds: Math.round(seconds),
  };
  console.log(JSON.stringify(Object.entries(figures).map(([label, value]) => [label, value.toLocaleString("en")])));
  return failed > 0 ? 1 : 0;
}

/** What happens in a schedule. */
async function tell(scenario: Scenario, mutant: string | undefined, moves: readonly number[]): Promise<string[]> {
  const edits = mutants.find(({ name }) => name === mutant)?.edits;
  return run(scenario, await bundle(edits), moves);
}

function encode(moves: readonly number[]): string {
  return `x${moves.map((move) => move.toString(16).padStart(2, "0")).join("")}`;
}

function decode(moves: string): number[] {
  return (moves.slice(1).match(/../g) ?? []).map((move) => Number.parseInt(move, 16));
}
