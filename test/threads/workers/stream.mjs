import { parentPort, workerData } from "node:worker_threads";
import * as ivc from "ivc-ring";
import { stream } from "./engine.mjs";

parentPort.postMessage(await stream(ivc, workerData));
