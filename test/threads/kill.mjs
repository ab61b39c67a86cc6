/**
 * Kills worker threads: terminated at random moments, by `process.exit`, by an uncaught throw, by an exhausted heap; each
 * while it does all that a peer can do. Two survivors, one on its event loop and one blocked in `Atomics.wait`, each keep
 * one endpoint through all of it, and must learn of every death and exchange frames with every successor.
 */
import { Worker } from "node:worker_threads";
import { progress, report, size } from "../helpers/gate.mjs";
import { dump } from "./workers/peek.mjs";
import { generator, seed, shuffle } from "./workers/random.mjs";

const KILLS = size(200, 10_000);
const HEAPS = size(6, 200);
/** Longest time without a recovery, in ms. */
const SILENCE = 20_000;
/** Longest median of the time to learn of a death, in ms: without a ring it would be a slice of 250 ms. */
const AT_ONCE = 100;

const DOINGS = [
  "parked",
  "spinning",
  "listening",
  "in an async wait",
  "holding a frame to read",
  "holding a frame to publish",
  "in SYNC",
  "in ACK",
  "amid resets",
  "streaming",
];

/** `count` deaths, spread evenly over what is done meanwhile. */
function fates(count, way, first) {
  return Array.from({ length: count }, (_, i) => ({ way, doing: DOINGS[(first + i) % DOINGS.length] }));
}

const QUICK = ["terminated", "process.exit", "uncaught throw"];

/** The deaths that one survivor sees: half of all. */
function plan(seed) {
  const heaps = HEAPS / 2;
  const others = KILLS / 2 - heaps;
  const list = [
    ...fates(heaps, "heap exhausted", seed % DOINGS.length),
    ...QUICK.flatMap((way, i) => fates(Math.floor((others + i) / QUICK.length), way, seed % DOINGS.length)),
  ];
  return shuffle(list, generator(seed));
}

console.error(`--seed ${seed}`);
const deaths = [];
const watch = [];
let lastNews = performance.now();

function survive(kind, seed) {
  return new Promise((resolve, reject) => {
    const workerData = { kind, plan: [...plan(seed), { way: "not", doing: "nothing" }], seed };
    const survivor = new Worker(new URL("workers/outliver.mjs", import.meta.url), { workerData });
    survivor.on("error", reject);
    survivor.on("exit", () => reject(new Error(`the survivor ${kind} ended early`)));
    survivor.on("message", (message) => {
      lastNews = performance.now();
      if (message.watch) watch.push(message.watch);
      else if (message.echoes) resolve(message.echoes);
      else progress(deaths.push({ kind, ...message }), KILLS, "deaths");
    });
  });
}

function fail(why) {
  console.error(why, `\nafter ${deaths.length} deaths, --seed ${seed}\n${dump(watch)}`);
  process.exit(1);
}

setInterval(() => {
  if (performance.now() - lastNews > SILENCE) fail("no news from either survivor");
}, 1000).unref();

const start = performance.now();
const echoes = await Promise.all([survive("on its event loop", seed), survive("blocked", seed + 1)]).catch(fail);
const seconds = (performance.now() - start) / 1000;
if (deaths.length !== KILLS) fail(`expected ${KILLS} deaths`);

/** Median, 99th percentile and maximum. */
function spread(times) {
  const sorted = times.toSorted((a, b) => a - b);
  return [0.5, 0.99, 1].map((p) => sorted[Math.ceil(p * sorted.length) - 1]);
}

const rows = ["on its event loop", "blocked"].flatMap((kind) =>
  [...QUICK, "heap exhausted"].map((way) => {
    const these = deaths.filter((death) => death.kind === kind && death.way === way);
    const times = ["learned", "recovered"].map((what) => spread(these.map((death) => death[what])));
    const [[median]] = times;
    if (median > AT_ONCE && way !== "heap exhausted") fail(`${median} ms to learn of a death: no ring told of it`);
    return [
      `survivor ${kind}, ${these.length} × ${way}: ms to learn of it, to recover (p50 / p99 / max)`,
      times.map((spread) => spread.map((ms) => ms.toFixed(1)).join(" / ")).join(", "),
    ];
  }),
);
report([
  ["kills", KILLS],
  ["re-established, with the survivor's same endpoint", deaths.length],
  ["frames checked both ways after recoveries", echoes[0] + echoes[1]],
  ["seconds", seconds.toFixed(1)],
  ...rows,
]);
process.exit();
