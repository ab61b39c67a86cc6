/**
 * Echoes every frame until the one that is a command; then publishes as many frames as there is room for, and ends in
 * one of many ways.
 */
import { workerData } from "node:worker_threads";
import { openChannel } from "ivc-ring";
import { COMMAND, fill, WILL, wordsOf } from "./frames.mjs";
import { peerAsleep } from "./peek.mjs";

/** `facts` is shared with who watches: when it ended (or was ready to be ended), in ms; 0: not yet. */
const { handle, way = "detach", facts = new SharedArrayBuffer(8) } = workerData;
const LONG = 60_000;
const nap = new Int32Array(new SharedArrayBuffer(4));

if (way === "before it attached") process.exit();

const cookie = openChannel(handle);
const { tx, rx, guest } = cookie;

/** Says that the end comes now. */
function now() {
  new Float64Array(facts)[0] = performance.timeOrigin + performance.now();
}

/** Leaves frames to be read after the end. */
function publish(most = Number.POSITIVE_INFINITY) {
  for (let i = 0; i < most && tx.canWrite(); i++) {
    fill(wordsOf(tx.getNextFrame()), WILL + i);
    tx.advance();
  }
}

/** Ends by itself: once the survivor sleeps, so that the news has to wake it. */
const itself = (end) => () => {
  publish();
  while (!peerAsleep(handle)) Atomics.wait(nap, 0, 0, 1);
  now();
  return end();
};

/** Does something until it is terminated. */
const terminated = (work) => () => {
  publish();
  now();
  return work();
};

/** Sleeps for ever, and not in the library. */
const stop = () => Atomics.wait(nap, 0, 0);

/** The frame that it holds is the command. */
const HOLDS_RX = "terminated, holding a frame to read";

const ways = {
  detach: () => guest.detach(),
  "process.exit": itself(() => process.exit(3)),
  "uncaught throw": itself(() => {
    throw new Error("on purpose");
  }),
  "heap exhausted": itself(() => {
    const hoard = [];
    for (;;) hoard.push(new Array(1000).fill(hoard.length));
  }),
  "normal end": itself(() => "no detach"),
  "terminated, parked": terminated(() => tx.waitWritable(LONG, { spin: 0 })),
  "terminated, spinning": terminated(() => tx.waitWritable(LONG, { spin: Number.POSITIVE_INFINITY })),
  "terminated, listening": terminated(() => {
    guest.requestIrq(cookie.irq, () => rx.canRead());
    guest.listen();
  }),
  "terminated, in an async wait": terminated(() => tx.waitWritableAsync(LONG)),
  [HOLDS_RX]: terminated(stop),
  "terminated, holding a frame to publish": () => {
    publish(3);
    tx.getNextFrame().fill(0xff);
    now();
    stop();
  },
  "in SYNC, at once": itself(() => {
    cookie.reset();
    process.exit();
  }),
  "in SYNC, its reset answered": () => {
    cookie.reset();
    while (cookie.dump().peerState !== "ack") Atomics.wait(nap, 0, 0, 1);
    itself(() => process.exit())();
  },
  "in ACK": () => {
    while (cookie.state !== "ack") cookie.notified();
    now();
    process.exit();
  },
};

if (!ways[way]) throw new Error(`no such way: ${way}`);

for (;;) {
  const outcome = rx.waitReadable(LONG, { spin: 0 });
  if (outcome !== "ready") throw new Error(outcome);
  const words = wordsOf(rx.getNextFrame());
  const isCommand = words[0] === COMMAND;
  if (!isCommand) tx.write(rx.getNextFrame());
  if (isCommand && way === HOLDS_RX) break;
  rx.advance();
  if (isCommand) break;
}
await ways[way]();
