/**
 * Gate: a hostile peer on real memory (SPEC §9). A worker writes over everything that a peer can reach, while this thread,
 * the victim, makes every call in random order: on two channels that a guest has with the hostile one, and on a bare
 * channel. Each call must answer as documented and move its own counters only; a third guest's channel must work
 * meanwhile; canaries stay. After each round the peer comes back honest, finds the memory as it was left, and after a
 * reset frames go both ways again.
 *
 * `--control` runs it on weakened copies of the package instead, each of which must be found out. `--seed N` repeats the
 * random choices, though not the schedule.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { progress, report, size } from "../helpers/gate.mjs";
import { must, Siege, seed } from "./siege.mjs";
import { moved, slowest } from "./victim.mjs";

const CALLS = size(1_500_000, 100_000_000);

/** Bugs for the copies: what is replaced by what. */
const BUGS = {
  "a clamp left out": ["Math.max(this.nframes - this.used(), 0)", "this.nframes - this.used()"],
  "an own count reloaded": [
    "const count = this.count + frames | 0;",
    "const count = load(this.queue.words, 0) + frames | 0;",
  ],
  "a position from the peer's count": [
    "this.position = position < this.nframes ? position : position - this.nframes;",
    "this.position = (this.peerCount >>> 0) % this.nframes;",
  ],
  "a handed-over position from the count in memory": [
    "return position < nframes ? position : void 0;",
    "return void 0;",
  ],
};

/** Runs a copy of the package with one bug until the bug is found. */
async function control(name, [right, wrong]) {
  const folder = mkdtempSync(join(tmpdir(), "ivc-ring-"));
  try {
    cpSync(fileURLToPath(new URL("../../dist", import.meta.url)), folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    let replaced = 0;
    for (const file of readdirSync(folder).filter((entry) => entry.endsWith(".js"))) {
      const text = readFileSync(join(folder, file), "utf8");
      if (text.includes(right)) replaced++;
      writeFileSync(join(folder, file), text.replaceAll(right, wrong));
    }
    must(replaced > 0, `the package to contain: ${right}`);
    const siege = new Siege(await import(pathToFileURL(join(folder, "index.js")).href));
    try {
      for (let i = 0; i < 10; i++) await siege.round();
    } catch (error) {
      console.error(`${name}: found after ${siege.calls} calls: ${error.message}`);
      return siege.calls;
    } finally {
      await siege.end();
    }
    throw new Error(`expected "${name}" to be found in ${siege.calls} calls (seed ${seed})`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv.includes("--control")) {
  const figures = [];
  for (const [name, bug] of Object.entries(BUGS))
    figures.push([`${name}: calls until found`, await control(name, bug)]);
  report(figures);
} else {
  console.error(`seed ${seed}`);
  const siege = new Siege(await import("ivc-ring"));
  const start = performance.now();
  while (siege.calls < CALLS) {
    await siege.round();
    progress(siege.calls, CALLS, "calls");
  }
  const seconds = (performance.now() - start) / 1000;
  report([
    ["calls of the victim", siege.calls],
    ["rounds", siege.rounds],
    ["frames moved by them", moved.frames],
    ["highest own count", moved.highest],
    ["words scribbled", await siege.end()],
    ["links recovered", siege.recoveries],
    ["frames exchanged after a recovery", siege.frames],
    ["frames to the honest guest meanwhile", siege.honest[0].received + siege.honest[1].received],
    ["calls per second", Math.round(siege.calls / seconds)],
    ["slowest call, ms", `${slowest.ms.toFixed(1)} (${slowest.name})`],
  ]);
}
