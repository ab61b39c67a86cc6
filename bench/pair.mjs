/** A contestant's two halves: the near one in this thread, the far one in a worker. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { meet } from "./meet.mjs";

/**
 * Starts the far half, `far[name]` of the module at `url`, and returns how to run rounds of both.
 *
 * @param near - the near half, `(from, n) => figures`: moves frames `from` to `from + n − 1`; may be async
 * @param data - what the far half is made of: `far[name](data)` returns a function like `near`
 */
export async function pair(url, name, near, data, transferList = []) {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { url, name, data, words };
  const worker = new Worker(new URL("far.mjs", import.meta.url), { workerData, transferList });
  await once(worker, "message");
  let from = 0;
  return {
    async run(n) {
      const done = once(worker, "message");
      Atomics.store(words, 0, 0);
      worker.postMessage({ from, n });
      meet(words);
      const start = performance.now();
      const nearFigures = await near(from, n);
      const [farFigures] = await done;
      const ms = performance.now() - start;
      from += n;
      return { ms, ...nearFigures, ...farFigures };
    },
    stop: () => worker.terminate(),
  };
}
