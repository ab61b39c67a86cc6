/**
 * Reserves all endpoints of its guest, waits as it is told, and says how each wait ended. The endpoint that is waited on
 * is the first.
 */
import { parentPort, workerData } from "node:worker_threads";
import { attach } from "ivc-ring";

/** `waits`: a list of [what, timeout, options]. */
const { handle, waits } = workerData;
const guest = attach(handle);
const cookies = handle.endpoints.map(({ id }) => guest.reserve(id));
const [cookie] = cookies;
const frame = new Uint8Array(cookie.frameSize);

const verbs = {
  interrupt: (timeout) => guest.wait(timeout),
  readable: (timeout, options) => cookie.rx.waitReadable(timeout, options),
  writable: (timeout, options) => cookie.tx.waitWritable(timeout, options),
  established: (timeout, options) => cookie.waitEstablished(timeout, options),
};

// What was pending from the start is not waited for.
guest.poll();
for (const [what, timeout, options] of waits) {
  const before = performance.now();
  const outcome = verbs[what](timeout, options);
  const elapsed = performance.now() - before;
  const links = cookies.map(({ state, session }) => ({ state, session }));
  const message = cookie.rx.read(frame) ? frame[0] : undefined;
  parentPort.postMessage({ outcome, elapsed, links, message });
}
