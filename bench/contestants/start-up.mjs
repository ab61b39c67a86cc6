/** From nothing to the first frame of a worker, once in a process. */
import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";

const SOURCE = {
  ivcRing: `
    const { workerData } = await import("node:worker_threads");
    const { openChannel } = await import(workerData.library);
    openChannel(workerData.handle).tx.write(new Uint8Array(64));`,
  postMessage: `
    const { workerData } = await import("node:worker_threads");
    workerData.port.postMessage(new Uint8Array(64));`,
};

const start = (name, workerData, transferList = []) =>
  new Worker(new URL(`data:text/javascript,${encodeURIComponent(SOURCE[name])}`), { workerData, transferList });

export const ivcRing = () => ({
  async run() {
    const begin = performance.now();
    const { createChannel, openChannel } = await import("ivc-ring");
    const imported = performance.now();
    const [mine, handle] = createChannel({ frameSize: 64 });
    const { rx } = openChannel(mine);
    const opened = performance.now();
    start("ivcRing", { handle, library: import.meta.resolve("ivc-ring") });
    await rx.waitReadableAsync(10_000);
    return { ms: performance.now() - begin, import: imported - begin, open: opened - imported };
  },
});

export const postMessage = () => ({
  async run() {
    const begin = performance.now();
    const { port1, port2 } = new MessageChannel();
    start("postMessage", { port: port2 }, [port2]);
    await once(port1, "message");
    port1.close();
    return { ms: performance.now() - begin };
  },
});
