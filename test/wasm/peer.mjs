/** The worker of one end of the traffic: the peer in WebAssembly if it is given a module, else an end of ours. */
import { parentPort, workerData } from "node:worker_threads";
import { READY, SCRATCH } from "./area.mjs";
import { openInstance } from "./ends.mjs";
import { run } from "./traffic.mjs";

const { module, memory, options } = workerData;
const { end, nframes, frameSize, sessions, long } = options;
const peer = module && openInstance(module, memory, end, nframes, frameSize);

const ready = new Int32Array(memory.buffer, READY, 1);
Atomics.add(ready, 0, 1);
Atomics.notify(ready, 0);
Atomics.wait(ready, 0, 1);

const began = performance.now();
let outcome;
if (peer) {
  peer.run(end, nframes, frameSize, sessions, long, SCRATCH);
  outcome = { session: peer.session.value, resets: peer.resets.value, total: peer.total.value };
} else {
  outcome = run(memory, options);
}
parentPort.postMessage({ ...outcome, time: performance.now() - began });
