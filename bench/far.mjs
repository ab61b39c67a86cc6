/** The thread of a contestant's far half. */
import { parentPort, workerData } from "node:worker_threads";

const { url, name, data } = workerData;
const { far } = await import(url);
const half = await far[name](data);
parentPort.on("message", async ({ from, n }) => {
  parentPort.postMessage("started");
  parentPort.postMessage(await half(from, n));
});
parentPort.postMessage("ready");
