/**
 * Gate: the layout is the Linux kernel's, so an end written in another language fits. A peer in AssemblyScript, made from
 * the contract alone and compiled to WebAssembly, exchanges checked frames and resets with an `IvcChannel` over a shared
 * `WebAssembly.Memory`; header bytes are compared with the contract, and seeded bugs of the peer are found.
 */
import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { progress, report, size } from "../helpers/gate.mjs";
import { makeArea, prepare, queuesOf, wordsAt } from "./area.mjs";
import { concurrent, sequential } from "./bugs.mjs";
import { compile } from "./compile.mjs";
import { expectUntouched, known, twins } from "./lockstep.mjs";

const seed = process.argv.includes("--seed")
  ? Number(process.argv[process.argv.indexOf("--seed") + 1])
  : Math.floor(Math.random() * 2 ** 32);
process.stderr.write(`seed ${seed}\n`);

/** Frames in each direction. */
const FRAMES = size(50_000, 1_000_000);
/** Resets of one run: even. */
const RESETS = size(8, 100);
const TWINS = size(40, 1_000);
const CALLS = 250;

/** Frames in each direction of one run: a run has a long session at its begin and after each second reset. */
const RUNS = [
  { nframes: 16, frameSize: 64, side: 0 },
  { nframes: 7, frameSize: 192, side: 1 },
  { nframes: 1, frameSize: 64, side: 1 },
  { nframes: 5, frameSize: 1024, side: 0 },
  { nframes: 64, frameSize: 128, side: 1 },
];
const LONG = Math.ceil(FRAMES / RUNS.length / (RESETS / 2 + 1));

/** A generator of numbers from 0 to below 1 (mulberry32). */
function randomOf(start) {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One end in a thread of its own. */
function start(workers, memory, module, options) {
  const worker = new Worker(new URL("peer.mjs", import.meta.url), { workerData: { module, memory, options } });
  workers.push(worker);
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

/** Runs the traffic between two ends, each a compiled peer or, if undefined, one of ours. */
async function traffic(modules, { nframes, frameSize, long, sessions }) {
  const memory = makeArea();
  const count = -Math.floor(long / 2); // in the middle of the first session the counters wrap
  prepare(memory, nframes, frameSize, count, 0xaa);
  const workers = [];
  try {
    const ends = await Promise.all(
      modules.map((module, end) => start(workers, memory, module, { end, nframes, frameSize, long, sessions })),
    );
    const queues = queuesOf(nframes, frameSize);
    const last = sessions === 0 ? (count + long) >>> 0 : long;
    for (const queue of queues) assert.deepEqual(wordsAt(memory, queue), [last, 0, last]);
    expectUntouched(memory, queues);
    for (const end of ends) {
      assert.equal(end.session, sessions);
      assert.equal(end.resets, sessions / 2);
    }
    return { frames: Math.min(ends[0].total, ends[1].total), time: Math.max(ends[0].time, ends[1].time) };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function inOrder(module) {
  known(module, 0);
  known(module, 1);
  const random = randomOf(seed);
  for (let n = 0; n < TWINS; n++) twins(module, random, CALLS);
}

const began = performance.now();
const module = await compile();
const compiled = performance.now() - began;

inOrder(module);

let frames = 0;
for (const { side, ...geometry } of RUNS) {
  const modules = side === 0 ? [module, undefined] : [undefined, module];
  frames += (await traffic(modules, { ...geometry, long: LONG, sessions: RESETS })).frames;
  progress(frames, FRAMES, "frames in each direction");
}
assert.ok(frames >= FRAMES, `expected ${FRAMES} frames in each direction, got ${frames}`);

/** Finds the seeded bugs: one of each list in a sample. Those of threads must show in frames, not as a deadline. */
let bugs = 0;
for (const bug of sequential.slice(0, size(1, sequential.length))) {
  const broken = await compile(bug);
  assert.throws(() => inOrder(broken), `expected to find the bug: ${bug.name}`);
  bugs++;
}
for (const bug of concurrent.slice(0, size(1, concurrent.length))) {
  const broken = await compile(bug);
  known(broken, 0);
  const run = { nframes: 4, frameSize: 64, long: 100, sessions: 40 };
  await assert.rejects(
    traffic([undefined, broken], run),
    /ours expected frame/,
    `expected to find the bug: ${bug.name}`,
  );
  bugs++;
}

/** Two ends of ours, and one in WebAssembly, in turn; the median of each. */
async function rates() {
  const run = { nframes: 64, frameSize: 64, long: size(10_000, 100_000), sessions: 0 };
  const times = [[], []];
  for (let n = 0; n < size(1, 5); n++) {
    times[0].push((await traffic([undefined, undefined], run)).time);
    times[1].push((await traffic([undefined, module], run)).time);
  }
  return times.map((list) => (run.long / list.sort((x, y) => x - y)[list.length >> 1]) * 1000);
}

const [ours, mixed] = await rates();
report([
  ["frames in each direction, WebAssembly and ours, checked", frames.toLocaleString("en")],
  ["resets, half by each end", (RESETS * RUNS.length).toLocaleString("en")],
  ["calls in lockstep with an end of ours, all bytes compared", (TWINS * CALLS).toLocaleString("en")],
  ["seeded bugs of the peer found", bugs],
  ["frames/s in each direction, WebAssembly and ours", Math.round(mixed).toLocaleString("en")],
  ["frames/s in each direction, ours and ours", Math.round(ours).toLocaleString("en")],
]);
process.stderr.write(`compiled in ${Math.round(compiled)} ms, all in ${Math.round(performance.now() - began)} ms\n`);
