/** Runs both ends of streams in two worker threads (jobs.mjs), and fails if nothing moves for too long. */
import { Worker } from "node:worker_threads";
import { dump, headers } from "./peek.mjs";

/** Longest time without any progress, in ms. */
const SILENCE = 10_000;

/**
 * Runs streams one after the other, and resolves to what each took: { frames, sleeps, ms }.
 *
 * @param streams - each the two jobs of its ends
 * @param options - `seed` of the messages; `garbage`; `done`, called with the result of each stream
 */
export async function runPair(streams, { seed = 1, garbage = false, done } = {}) {
  const results = [];
  const reports = [[], []];
  const hear = (end, report) => {
    reports[end].push(report);
    const [a, b] = reports.map((list) => list[results.length]);
    if (!a || !b) return;
    results.push({ frames: a.received + b.received, sleeps: a.sleeps + b.sleeps, ms: Math.max(a.ms, b.ms) });
    done?.(results.at(-1));
  };
  const workers = reports.map((_, end) => {
    const workerData = { jobs: streams.map((pair) => pair[end]), seed: seed + end, garbage };
    return new Worker(new URL("jobs.mjs", import.meta.url), { workerData }).on("message", (said) => hear(end, said));
  });
  const ended = workers.map(
    (worker, end) =>
      new Promise((resolve, reject) => {
        worker.once("error", reject);
        worker.once("exit", () => {
          if (reports[end].length === streams.length) resolve();
          else reject(new Error("a thread ended before its work was done"));
        });
      }),
  );
  let timer;
  const stall = new Promise((_, reject) => {
    let before = "";
    let since = 0;
    timer = setInterval(() => {
      const [{ handle, ...job }, peer] = streams[results.length] ?? [{}];
      const now = `${results.length} ${handle && headers(handle)}`;
      if (now !== before) since = performance.now();
      before = now;
      if (performance.now() - since < SILENCE) return;
      const state = handle ? `${headers(handle)}\n${dump([handle, peer.handle])}` : "";
      reject(new Error(`nothing moved for ${SILENCE} ms: ${JSON.stringify(job)}\n${state}`));
    }, 500);
  });
  try {
    await Promise.race([stall, Promise.all(ended)]);
    return results;
  } finally {
    clearInterval(timer);
    for (const worker of workers) worker.terminate();
  }
}
