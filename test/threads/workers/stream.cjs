const { parentPort, workerData } = require("node:worker_threads");
const ivc = require("ivc-ring");

import("./engine.mjs").then(async ({ stream }) => parentPort.postMessage(await stream(ivc, workerData)));
