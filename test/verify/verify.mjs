/**
 * `npm run verify`: runs every gate at full size, one after the other, and writes docs/verification.md. It takes the better
 * part of an hour on two cores; if it is interrupted, it goes on with the first gate that has not held at this commit.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { createInterface } from "node:readline";
import { cac } from "cac";
import { gates } from "./gates.mjs";

const cli = cac("verify");
cli.option("--only <text>", "run only the gates whose name contains the text, and write no document");
cli.option("--again", "run also the gates that have held at this commit");
cli.help();
const { options } = cli.parse();

/** Runs a gate: the figures it reports, and its seconds. */
function run({ name, command: [program, ...args] }, place) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const tail = [];
    let last = "";
    createInterface({ input: child.stderr }).on("line", (line) => {
      tail.push(line);
      if (tail.length > 200) tail.shift();
      show(`${place} ${name}, ${minutes(performance.now() - start)}: ${line.trim()}`);
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      last = line;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const seconds = (performance.now() - start) / 1000;
      if (code === 0) resolve({ figures: JSON.parse(last), seconds });
      else reject(new Error(`${name} ended with ${code ?? signal} after ${seconds.toFixed(0)} s:\n${tail.join("\n")}`));
    });
  });
}

function minutes(ms) {
  return `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;
}

let shown = 0;

/** Shows where it is: in one line that changes on a terminal, else now and then. */
function show(text) {
  if (process.stdout.isTTY) {
    process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns ?? 80) - 1)}`);
  } else if (performance.now() - shown > 10_000) {
    shown = performance.now();
    console.log(text);
  }
}

function git(...args) {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

function document(results, commit) {
  const [cpu] = cpus();
  const machine = `${cpu?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}, Node.js ${process.version}`;
  const sections = results.map(({ gate, figures, seconds }) => {
    const rows = [...figures, ["time", `${minutes(1000 * seconds)} min`]];
    return `## ${gate.name}\n\n${gate.shows}\n\n| | |\n|---|---:|\n${rows.map(([label, figure]) => `| ${label} | ${figure} |`).join("\n")}\n`;
  });
  return `# Verification

Written by \`npm run verify\`, which runs every gate at full size; \`npm test\` runs a sample of each. What is run by hand is in
[by-hand.md](by-hand.md); the generic mutation run in [mutation.md](mutation.md).

- Commit: ${commit}
- Date: ${new Date().toISOString().slice(0, 10)}
- Machine: ${machine}
- Time in all: ${minutes(1000 * results.reduce((sum, { seconds }) => sum + seconds, 0))} min

${sections.join("\n")}`;
}

/** What has held, by commit and gate: kept outside of what a build removes. */
const CACHE = "node_modules/.cache/ivc-ring";

function load() {
  try {
    return JSON.parse(readFileSync(`${CACHE}/verification.json`, "utf8"));
  } catch {
    return {};
  }
}

function save(held) {
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(`${CACHE}/verification.json`, JSON.stringify(held));
}

async function main({ only, again }) {
  const chosen = only === undefined ? gates : gates.filter(({ name }) => name.includes(only));
  const commit = git("rev-parse", "--short", "HEAD");
  // What the gates write themselves does not count.
  const clean = git("status", "--porcelain", "--", ".", ":!docs") === "";
  const before = load();
  const held = clean && !again && before.commit === commit ? before : { commit, results: {} };
  for (const [index, gate] of chosen.entries()) {
    held.results[gate.name] ??= await run(gate, `[${index + 1}/${chosen.length}]`);
    if (clean) save(held);
    const { figures, seconds } = held.results[gate.name];
    if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
    console.log(`${gate.name}: ${minutes(1000 * seconds)} min`);
    for (const [label, figure] of figures) console.log(`  ${label}: ${figure}`);
  }
  if (only !== undefined) return;
  const results = gates.map((gate) => ({ gate, ...held.results[gate.name] }));
  writeFileSync("docs/verification.md", document(results, clean ? commit : `${commit}, with changes`));
  console.log("docs/verification.md is written");
}

if (!options.help) await main(options);
