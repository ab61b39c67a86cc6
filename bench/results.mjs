/** Runs works, and keeps what their contestants answered. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Contestant } from "./rounds.mjs";
import { median, quantile } from "./statistics.mjs";

/** In place of a version of Node.js. */
export const NATIVE = "C++";

/** Length of a round of the probe, in ms. */
const PROBE = 2;

/** The probe of {@link runWork}: round trips of one word. */
export async function startProbe() {
  const probe = Contestant.ofModule(process.execPath, [], { module: "contestants/floors.mjs", task: "word" });
  await probe.answer();
  await probe.warm(10 * PROBE);
  return probe;
}

/** What counts of a round: what the work says, or ns per frame. */
const figureOf = ({ figure, fresh }, round) => {
  if (figure) return round[figure];
  return fresh ? round.ms : (round.ms * 1e6) / round.frames;
};

/** The unit of a work's figures. */
export const unitOf = ({ figure, fresh }) => (fresh ? "ms" : figure ? "µs" : "ns a frame");

/** Longest measurement of garbage, in ms. */
const PATIENCE = 300_000;

/** Starts a contestant: `{ contestant }`, or `{ missing }`, why it cannot run here. */
async function start({ module, task, flags = [], params, native }, common, node, nativeProgram) {
  if (native && !nativeProgram) return { missing: "no g++ here" };
  const contestant = native
    ? new Contestant(nativeProgram, [native, common.frameSize, common.nframes].map(String))
    : Contestant.ofModule(node.path, flags, { module, task, params: { ...common, ...params } });
  const { missing } = await contestant.answer();
  return missing ? { missing } : { contestant };
}

/** Does something with a contestant, unless it is missing; if that fails it is. */
async function attempt(entry, what, action) {
  if (entry.missing) return;
  try {
    await action();
  } catch (error) {
    entry.missing = `${what}: ${error.message}`;
  }
}

/**
 * Runs a work: all its contestants on each version of Node.js, in rounds.
 *
 * @param probe - a contestant that tells how far apart the cores are: it runs before each round
 * @param tick - called whenever one of {@link stepsOf} is done
 * @returns the work with its entries: `{ contestant, node, rounds }`, or `{ contestant, node, missing }`
 */
export async function runWork(work, nodes, { rounds, ms: usual }, nativeProgram, probe, tick) {
  const ms = usual * (work.stretch ?? 1);
  const probes = [];
  const entries = [];
  for (const [name, contestant] of Object.entries(work.contestants)) {
    for (const node of contestant.native ? nodes.slice(0, 1) : nodes) {
      const begin = () => start(contestant, work.params, node, nativeProgram);
      const entry = { contestant: name, node: contestant.native ? NATIVE : node.version, rounds: [] };
      entries.push({ entry, begin, contestant: undefined });
    }
  }
  for (const each of entries) {
    const { entry, begin } = each;
    if (!work.fresh) {
      await attempt(entry, "start", async () => {
        const { contestant, missing } = await begin();
        Object.assign(each, { contestant });
        entry.missing = missing;
        await contestant?.warm(ms);
      });
    }
    tick();
  }
  for (let i = 0; i < rounds; i++) {
    const { ms: took, frames } = await probe.round(PROBE);
    probes.push((took * 1e6) / frames);
    for (const { contestant, entry, begin } of entries) {
      await attempt(entry, `round ${i + 1}`, async () => {
        const one = contestant ?? (await begin()).contestant;
        entry.rounds.push(await one.round(ms));
        if (work.fresh) await one.stop();
      });
      tick();
    }
  }
  for (const { contestant } of entries) await contestant?.stop();
  const { name, plot, params, figure, fresh } = work;
  return { name, plot, params, figure, fresh, probes, entries: entries.map(({ entry }) => entry) };
}

/** How often {@link runWork} ticks. */
export function stepsOf({ contestants }, nodes, { rounds }) {
  const each = Object.values(contestants).map(({ native }) => (native ? 1 : nodes.length));
  return (rounds + 1) * each.reduce((sum, count) => sum + count, 0);
}

/** The figures of an entry, one a round. */
const figuresOf = (work, entry) => entry.rounds.map((round) => figureOf(work, round));

/** Their median and spread. */
export function summary(work, entry) {
  const figures = figuresOf(work, entry);
  return { median: median(figures), low: quantile(figures, 0.1), high: quantile(figures, 0.9) };
}

/**
 * How many times as long one entry takes as another: the median of the ratios within each round, since the machine may
 * change between rounds. NaN if one of them is missing.
 */
export function times(work, entry, other) {
  if (entry.missing || other.missing) return Number.NaN;
  const others = figuresOf(work, other);
  return median(figuresOf(work, entry).map((figure, round) => figure / others[round]));
}

/** Bytes allocated per frame, of what the targets speak of: `{ name, rate, none }`, with what counts as none. */
export async function measureAllocation(node, frames) {
  const program = fileURLToPath(new URL("allocation.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(node.path, [program, "--summary", "--frames", String(frames)], {
    timeout: PATIENCE,
  });
  return JSON.parse(stdout);
}
