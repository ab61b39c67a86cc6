/**
 * Moves streams of frames, one after the other. Each is for a guest ({ handle }), or for an end without one ({ bare: what
 * an IvcChannel is opened with }); the rest is as in engine.mjs. Reports after each.
 */
import { parentPort, workerData } from "node:worker_threads";
import * as ivc from "ivc-ring";
import * as crc from "./crc.mjs";
import { pump, stream } from "./engine.mjs";
import * as plain from "./frames.mjs";

/** `garbage`: whether to keep the garbage collector busy meanwhile. */
const { jobs, seed, garbage } = workerData;
crc.start(seed);

let sleeps = 0;
const { wait } = Atomics;
Atomics.wait = (words, index, value, timeout) => {
  if (timeout > 0) sleeps++;
  return wait(words, index, value, timeout);
};

/** Some of it lives for long, most not. */
const hoard = new Array(20_000);
let made = 0;

/** Makes garbage for each frame that is checked. */
function littering(frames) {
  const check = (words, seq) => {
    hoard[(made++ * 7919) % hoard.length] = { seq, text: `${seq}`, list: [seq, { seq }] };
    frames.check(words, seq);
  };
  return { ...frames, check };
}

for (const { bare, ...job } of jobs) {
  const kind = job.crc ? crc : plain;
  const frames = garbage ? littering(kind) : kind;
  sleeps = 0;
  const begun = performance.now();
  const moved = await (bare ? pump(new ivc.IvcChannel(bare), job, frames) : stream(ivc, job, frames));
  parentPort.postMessage({ ...moved, sleeps, ms: performance.now() - begun });
}
