/** The thread of a contestant's far half. */
import { parentPort, workerData } from "node:worker_threads";
import { answer } from "./meet.mjs";

const { url, name, data, words } = workerData;
const { far } = await import(url);
const half = await far[name](data);
parentPort.on("message", async ({ from, n }) => {
  answer(words);
  parentPort.postMessage(await half(from, n));
});
parentPort.postMessage("ready");
