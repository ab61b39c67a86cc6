/**
 * Streams of messages of random length, each with its sequence number and CRC-32, in every way there is to wait and to
 * move, through rings of 1 to 1024 slots; parked at every frame; with more threads than cores; while garbage is collected;
 * and in the slow tiers of V8, a process each.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createChannel } from "ivc-ring";
import { progress, report, size } from "../helpers/gate.mjs";
import { runPair } from "./workers/pairs.mjs";
import { seed } from "./workers/random.mjs";

const MOVES = ["copy", "in place", "batches"];
const SPINNING = ["poll", "spin", "default"];
const PARKING = ["park", "async", "guest.wait", "listen", "listen for one", "ops"];
const SMALL = [1, 2, 7];
const LARGE = [64, 1024];
const TIERS = ["--no-opt", "--always-sparkplug", "--jitless"];

/** Set in the processes of the tiers: how many frames are theirs. */
const tierFrames = Number(process.env.SOAK_FRAMES ?? 0);

/** Waits with which frames go one way only: a handler for one frame does not drive a sender, who waits by default. */
const ONE_WAY = ["listen for one", "park each"];

/** Both ends of a stream of `frames`. */
function stream(wait, move, nframes, frames) {
  const handles = createChannel({ nframes, frameSize: nframes === 7 ? 256 : 64 });
  const back = ONE_WAY.includes(wait) ? 0 : Math.floor(frames / 2);
  const there = frames - back;
  return [
    { send: there, receive: back, wait: wait === "listen for one" ? "default" : wait },
    { send: back, receive: there, wait },
  ].map((end, i) => ({ handle: handles[i], crc: true, move, ...end }));
}

/** One stream for each combination. */
function each(waits, rings, frames) {
  return waits.flatMap((wait) => MOVES.flatMap((move) => rings.map((nframes) => stream(wait, move, nframes, frames))));
}

let moved = 0;
const figures = [];

/** Runs each list of streams on two threads of its own, all at once. */
async function part(name, total, lists, options) {
  const begun = performance.now();
  const done = ({ frames }) => {
    moved += frames;
    if (total > 0) progress(Math.min(moved, total), total, `frames: ${name}`);
  };
  const results = (
    await Promise.all(lists.map((list, i) => runPair(list, { seed: seed + 2 * i, done, ...options })))
  ).flat();
  const sum = (what) => results.reduce((before, result) => before + result[what], 0);
  const seconds = (performance.now() - begun) / 1000;
  const count = sum("frames").toLocaleString("en");
  figures.push([name, `${count} frames in ${seconds.toFixed(1)} s, ${sum("sleeps").toLocaleString("en")} sleeps`]);
}

/** A process that runs all combinations in one tier of V8. */
async function tier(flag, frames) {
  const begun = performance.now();
  const env = { ...process.env, SOAK_FRAMES: String(frames) };
  const args = ["--no-warnings", flag, process.argv[1], "--seed", String(seed)];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`with ${flag} it ended with exit code ${code}`);
  moved += frames;
  const seconds = (performance.now() - begun) / 1000;
  figures.push([`V8 with ${flag}`, `${frames.toLocaleString("en")} frames in ${seconds.toFixed(1)} s`]);
}

function combinations(frames) {
  const count = (SPINNING.length + PARKING.length) * MOVES.length * (SMALL.length + LARGE.length);
  return each([...SPINNING, ...PARKING], [...SMALL, ...LARGE], Math.ceil(frames / count));
}

async function whole() {
  console.error(`--seed ${seed}`);
  const total = size(1_000_000, 100_000_000);
  const parked = size(10_000, 1_000_000);
  const inTiers = size(1_000, 100_000);
  const spin = (rings, share) =>
    each(SPINNING, rings, Math.ceil((share * total) / SPINNING.length / MOVES.length / rings.length));
  const park = (rings, share) =>
    each(PARKING, rings, Math.ceil((share * total) / PARKING.length / MOVES.length / rings.length));

  for (const flag of TIERS) await tier(flag, inTiers);
  await part("parking, a wait for every frame", total, [[stream("park each", "copy", 1, parked)]]);
  await part("spinning, 1 to 7 slots", total, [spin(SMALL, 0.02)]);
  await part("parking, 1 to 7 slots", total, [park(SMALL, 0.005)]);
  await part("parking, 64 and 1024 slots", total, [park(LARGE, 0.02)]);
  const crowd = Array.from({ length: 4 }, () => park(LARGE, 0.01));
  await part("4 pairs of threads at once, and garbage", total, crowd, { garbage: true });
  await part("spinning, 64 and 1024 slots, and garbage", total, [spin(LARGE, 0.05)], { garbage: true });
  const rest = total - moved;
  await part("spinning, 64 and 1024 slots", total, [spin(LARGE, rest / total)]);
  report([["frames, each with its CRC-32", moved.toLocaleString("en")], ...figures]);
}

try {
  if (tierFrames > 0) await part("all combinations", 0, [combinations(tierFrames)]);
  else await whole();
} catch (error) {
  console.error(error, `\n--seed ${seed}`);
  process.exit(1);
}
