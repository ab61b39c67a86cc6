/**
 * Measures the library against its rivals and against what the platform costs without one; prints tables with ratios, and
 * writes build/bench/results.json, with every sample, and build/bench/report.html.
 *
 *     npm run bench -- [--quick] [--check] [--only <part of a work's name>] [--node 20,22,24,26]
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import { cac } from "cac";
import { Presets, SingleBar } from "cli-progress";
import { compileNative, installRivals, nodeOf } from "./install.mjs";
import { page } from "./page.mjs";
import { measureAllocation, runWork, startProbe, stepsOf } from "./results.mjs";
import { nodesTable, targetsTable, workTable } from "./tables.mjs";
import { judge } from "./targets.mjs";
import { WORKS } from "./works.mjs";

/** Rounds of each contestant, ms of each, and frames whose garbage is measured: too few would tell of the compiler's only. */
const FULL = { rounds: 31, ms: 30, allocation: 5_000_000 };
const QUICK = { rounds: 7, ms: 10, allocation: 0 };
const OUT = new URL("../build/bench/", import.meta.url);

const cli = cac("npm run bench --");
cli
  .command("", "Measure the library, its rivals, and the platform")
  .option("--quick", "Fewer and shorter rounds", { default: false })
  .option("--check", "Fail if a target is missed", { default: false })
  .option("--only <part>", 'Only works with this in their names; "bytes allocated" is one', { default: "" })
  .option("--node <versions>", "Versions of Node.js, separated by commas (default: the one that runs)", {
    type: [String],
  })
  .action(main);
cli.help();
cli.parse(process.argv, { run: false });
await cli.runMatchedCommand();

async function main({ quick, check, only, node }) {
  const length = quick ? QUICK : FULL;
  const versions = node?.flatMap((list) => String(list).split(",")) ?? [undefined];
  installRivals();
  const native = compileNative();
  const nodes = versions.map(nodeOf);
  const works = WORKS.filter(({ name }) => name.includes(only));
  const allocation = length.allocation > 0 && "bytes allocated".includes(only);
  const say = process.stderr.isTTY
    ? () => undefined
    : (name) => process.stderr.write(`${Math.round(performance.now() / 1000)} s: ${name}\n`);
  const bar = new SingleBar(
    { format: "{bar} {percentage}% {name}", hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  );
  const steps = works.reduce((sum, work) => sum + stepsOf(work, nodes, length), 0) + (allocation ? nodes.length : 0);
  bar.start(steps, 0, { name: "" });
  const results = { ...describe(), quick, nodes: nodes.map(({ version }) => version), works: [], allocation: {} };
  const probe = await startProbe();
  for (const work of works) {
    say(work.name);
    results.works.push(await runWork(work, nodes, length, native, probe, () => bar.increment({ name: work.name })));
  }
  await probe.stop();
  for (const node of allocation ? nodes : []) {
    say(`bytes allocated, Node.js ${node.version}`);
    results.allocation[node.version] = await measureAllocation(node, length.allocation);
    bar.increment({ name: "bytes allocated" });
  }
  bar.stop();
  report(results);
  const judged = results.nodes.flatMap((version) => judge(results, version));
  if (check) process.exitCode = judged.length > 0 && judged.every(({ held }) => held) ? 0 : 1;
}

/** When, where and of what. */
function describe() {
  const git = (...args) => execFileSync("git", args, { encoding: "utf8", cwd: new URL("..", import.meta.url) }).trim();
  const changed = git("status", "--porcelain") === "" ? "" : " and changes";
  const cpu = `${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores, ${os.type()} ${os.arch()}`;
  return { date: new Date().toISOString().slice(0, 16), commit: git("rev-parse", "--short", "HEAD") + changed, cpu };
}

function report(results) {
  for (const work of results.works) console.log(`\n${workTable(work)}`);
  for (const version of results.nodes) console.log(`\n${targetsTable(results, version)}`);
  if (results.nodes.length > 1) console.log(`\n${nodesTable(results)}`);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(new URL("results.json", OUT), JSON.stringify(results));
  writeFileSync(new URL("report.html", OUT), page(results));
  console.log(
    `\n${results.date}, ${results.commit}, ${results.cpu}. All samples: build/bench/results.json; plots: build/bench/report.html`,
  );
}
