/** Listens, but blocks in a wait when it is told to; says who got each message. */
import { parentPort, workerData } from "node:worker_threads";
import { attach } from "ivc-ring";

const guest = attach(workerData);
const { rx, irq, frameSize } = guest.reserve(workerData.endpoints[0].id);
const frame = new Uint8Array(frameSize);

function read(who) {
  if (rx.read(frame)) parentPort.postMessage([who, frame[0]]);
}

guest.requestIrq(irq, () => read("handler"));
guest.listen();
parentPort.on("message", () => read(rx.waitReadable(15_000, { spin: Number.POSITIVE_INFINITY })));
parentPort.postMessage("listening");
