/** Lives through the death of a worker that it started, and reports how it went. */
import { parentPort, Worker, workerData } from "node:worker_threads";
import { guestDown, openChannel } from "ivc-ring";
import { Supervisor, superviseWorker } from "ivc-ring/node";
import { command, talk } from "./echo.mjs";
import { check, FRAME_SIZE, fill, WILL, wordsOf } from "./frames.mjs";
import { asleep } from "./peek.mjs";

/** Longest wait, in ms. It must not be reached. */
const LONG = 20_000;

const { kind, way, handles, terminate, parks, resetFirst, resourceLimits } = workerData;
const [own, first, second] = handles;
const file = new URL("./mortal.mjs", import.meta.url);
const facts = new Float64Array(new SharedArrayBuffer(8));
const cookie = openChannel(own);
const { tx, rx } = cookie;

const eventLoop = {
  readable: (timeout = LONG) => rx.waitReadableAsync(timeout),
  writable: () => tx.waitWritableAsync(LONG),
  established: () => cookie.waitEstablishedAsync(LONG),
  pause: () => new Promise((resolve) => setImmediate(resolve)),
  start(handle, data) {
    const worker = new Worker(file, { workerData: { handle, ...data }, resourceLimits });
    superviseWorker(worker, [handle]);
    worker.on("error", () => "on purpose");
    return { exited: new Promise((resolve) => worker.once("exit", resolve)), terminate: () => worker.terminate() };
  },
};

const nap = new Int32Array(new SharedArrayBuffer(4));
let supervisor;

/** Nothing here lets the event loop run: awaiting what is no promise does not. */
const blocked = {
  readable: (timeout = LONG) => rx.waitReadable(timeout, { spin: 0 }),
  writable: () => tx.waitWritable(LONG, { spin: 0 }),
  established: () => cookie.waitEstablished(LONG),
  pause: () => Atomics.wait(nap, 0, 0, 1),
  start(handle, data) {
    supervisor ??= new Supervisor();
    return supervisor.start(file, { guests: [handle], workerData: { handle, ...data }, resourceLimits });
  },
};

const { readable, writable, established, pause, start } = kind === "blocked" ? blocked : eventLoop;
const clock = () => performance.timeOrigin + performance.now();

async function readWill() {
  const frame = new Uint8Array(FRAME_SIZE);
  let count = 0;
  for (; rx.read(frame); count++) check(wordsOf(frame), WILL + count);
  return count;
}

/** Fills the queue, again and again, until the wait for room ends otherwise. */
async function fillUntil() {
  const frame = new Uint8Array(FRAME_SIZE);
  fill(wordsOf(frame), 0);
  for (;;) {
    while (tx.write(frame));
    const outcome = await writable();
    if (outcome !== "ready") return outcome;
  }
}

const mortal = start(first, { way, facts: facts.buffer });
let echoes = await talk(cookie, 0, 50, readable);
// Of when the link was last established: a reset of the dead and its successor's may be answered as one.
const { session } = cookie;
command(cookie);
if (resetFirst) {
  while (!tx.isEmpty()) await pause();
  cookie.reset();
}
if (terminate) {
  while (facts[0] === 0 || (parks && !asleep(first))) await pause();
  facts[0] = clock();
  mortal.terminate();
}
const outcomes = [await fillUntil()];
const noticed = clock() - facts[0];
const unread = await readable(0);
const will = await readWill();
const before = performance.now();
outcomes.push(await readable(), await writable());
const again = performance.now() - before;
const { peerDown } = cookie;

const successor = start(second, {});
const link = await established();
echoes += await talk(cookie, echoes, 50, readable);
const recovered = clock() - facts[0];
const lateNews = [guestDown(first), cookie.peerDown];
echoes += await talk(cookie, echoes, 50, readable);
const newSession = cookie.session !== session;
command(cookie);
await successor.exited;
const afterDetach = [cookie.peerDown, await readable(0)];
cookie.guest.detach();
await supervisor?.close();
parentPort.postMessage({
  facts: { outcomes, unread, will, peerDown, link, newSession, echoes, lateNews, afterDetach },
  times: { noticed, again, recovered },
});
