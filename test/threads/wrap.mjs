/**
 * Two threads whose counters wrap for real: they begin just below 2^31 and below 2^32, in rings whose number of slots does
 * not divide 2^32, both on bare memory and as guests. With `--lap`, instead, one run of 4.3 × 10^9 frames
 * (or of as many as follow) from 0 on.
 */
import { Worker } from "node:worker_threads";
import { createChannel } from "ivc-ring";
import { progress, report, size } from "../helpers/gate.mjs";
import { FRAME_SIZE } from "./workers/frames.mjs";
import { runPair } from "./workers/pairs.mjs";
import { setCounts } from "./workers/peek.mjs";

/** Frames each way, half of them before the wrap. */
const FRAMES = size(2_000, 1_000_000);
const EDGES = [2 ** 31, 2 ** 32];
const RINGS = [3, 7, 48, 1000];

/** Both ends of a channel on memory of our own: two queues (SPEC §2), with counters set before anybody opens them. */
function bare(nframes, count) {
  const queueSize = 0x80 + nframes * FRAME_SIZE;
  const buffer = new SharedArrayBuffer(2 * queueSize);
  const places = [0, queueSize].map((byteOffset) => ({ buffer, byteOffset }));
  for (const { byteOffset } of places) {
    for (const word of [0x00, 0x40]) new Uint32Array(buffer, byteOffset + word, 1)[0] = count;
  }
  const [a, b] = places;
  return [
    { bare: { rx: a, tx: b, nframes, frameSize: FRAME_SIZE }, wait: "poll" },
    { bare: { rx: b, tx: a, nframes, frameSize: FRAME_SIZE }, wait: "poll" },
  ];
}

/** Both ends of a channel of guests. */
function guests(nframes, count) {
  const handles = createChannel({ nframes, frameSize: FRAME_SIZE });
  setCounts(handles[0], count);
  return handles.map((handle) => ({ handle, wait: "default" }));
}

async function wrap() {
  const moves = ["copy", "in place", "batches"];
  const streams = [bare, guests].flatMap((open) =>
    EDGES.flatMap((edge) =>
      RINGS.map((nframes, i) =>
        open(nframes, edge - FRAMES / 2).map((end) => ({ ...end, move: moves[i % 3], send: FRAMES, receive: FRAMES })),
      ),
    ),
  );
  let moved = 0;
  const begun = performance.now();
  const done = ({ frames }) => {
    moved += frames;
    progress(moved, 2 * FRAMES * streams.length, "frames");
  };
  await runPair(streams, { done });
  report([
    ["streams across a wrap", streams.length],
    ["frames in each, checked", 2 * FRAMES],
    ["seconds", ((performance.now() - begun) / 1000).toFixed(1)],
  ]);
}

/** One way, one word per frame. */
async function lap(frames) {
  const buffer = new SharedArrayBuffer(2 * (0x80 + 10_007 * FRAME_SIZE));
  /** How many frames were sent, and received. */
  const told = new Float64Array(new SharedArrayBuffer(16));
  const begun = performance.now();
  const timer = setInterval(() => {
    const rate = told[1] / (performance.now() - begun) / 1000;
    progress(told[1], frames, `frames, ${rate.toFixed(1)} million per second`);
  }, 10_000);
  await Promise.all(
    [0, 1].map(
      (role) =>
        new Promise((resolve, reject) => {
          const workerData = { role, buffer, told, frames };
          const worker = new Worker(new URL("workers/lap.mjs", import.meta.url), { workerData });
          worker.once("error", reject).once("exit", resolve);
        }),
    ),
  );
  clearInterval(timer);
  const seconds = (performance.now() - begun) / 1000;
  if (told[1] !== frames) throw new Error(`expected ${frames} frames, got ${told[1]}`);
  report([
    ["frames that lap the counters, a word of each checked", frames],
    ["tx.count and rx.count at the end", [0x00, 0x40].map((word) => new Uint32Array(buffer, word, 1)[0]).join(", ")],
    ["seconds", seconds.toFixed(1)],
    ["million frames per second", (frames / seconds / 1e6).toFixed(1)],
  ]);
}

const lapAt = process.argv.indexOf("--lap");
await (lapAt < 0 ? wrap() : lap(Number(process.argv[lapAt + 1] ?? 4.3e9)));
