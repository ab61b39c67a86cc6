/** The other thread of litmus.mjs: side 1 of each test, or the one that hands over. */
import { workerData } from "node:worker_threads";
import { handOver } from "./hand-off.mjs";
import { run } from "./litmus.mjs";
import { generator } from "./random.mjs";

const { name, batches, memory, seed, rounds } = workerData;
if (rounds) handOver(1, rounds, memory, generator(seed));
else run(name, 1, batches, memory, generator(seed));
