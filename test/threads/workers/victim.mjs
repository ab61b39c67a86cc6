/**
 * Waits for its turn, opens its end, and echoes until a command comes; then does what it is told, until it is time to die or
 * it is terminated.
 */
import { workerData } from "node:worker_threads";
import { openChannel } from "ivc-ring";
import { clock, GO, PURPOSE, READY } from "./death.mjs";
import { COMMAND, check, FRAME_SIZE, fill, WILL, wordsOf } from "./frames.mjs";

/** `moment`: how many ms it does what it is told. */
const { handle, way, doing, moment, flags, time, complaint } = workerData;
const LONG = 60_000;

process.on("uncaughtExceptionMonitor", ({ message, stack }) => {
  if (message !== PURPOSE) new TextEncoder().encodeInto(stack, new Uint8Array(complaint));
});

const nap = new Int32Array(new SharedArrayBuffer(4));
Atomics.store(flags, READY, 1);
Atomics.notify(flags, READY);
Atomics.wait(flags, GO, 0);

const cookie = openChannel(handle);
const { tx, rx, guest, irq } = cookie;
const frame = new Uint8Array(FRAME_SIZE);
const words = wordsOf(frame);
let sent = WILL;
let received = WILL;

function echo() {
  for (;;) {
    const outcome = rx.waitReadable(LONG);
    if (outcome !== "ready") throw new Error(`${outcome} instead of a frame to echo`);
    rx.read(frame);
    if (words[0] === COMMAND) return;
    tx.write(frame);
  }
}

echo();
const deadline = way === "terminated" ? Number.POSITIVE_INFINITY : performance.now() + moment;
const left = () => Math.min(Math.max(deadline - performance.now(), 0), LONG);
const due = () => left() === 0;

function send() {
  fill(words, sent);
  if (!tx.write(frame)) return false;
  sent++;
  return true;
}

function receive() {
  if (!rx.read(frame)) return false;
  check(words, received++);
  return true;
}

function serve() {
  while (receive());
  while (send());
}

/** Sleeps, and not in the library. */
const rest = () => Atomics.wait(nap, 0, 0, left());

/** Waits for frames, or for room. */
function wait(options) {
  while (!due()) {
    while (receive());
    if (moment % 2 < 1) rx.waitReadable(left(), options);
    else if (!send()) tx.waitWritable(left(), options);
  }
}

const doings = {
  parked: () => wait({ spin: 0 }),
  spinning: () => wait({ spin: Number.POSITIVE_INFINITY }),
  listening: () => {
    guest.requestIrq(irq, serve);
    guest.listen();
    return new Promise((resolve) => setTimeout(resolve, left()));
  },
  "in an async wait": async () => {
    for (; !due(); serve()) await rx.waitReadableAsync(left(), { spin: 0 });
  },
  "holding a frame to read": () => {
    rx.waitReadable(left());
    if (rx.getNextFrame()) check(wordsOf(rx.getNextFrame()), received);
    rest();
  },
  "holding a frame to publish": () => {
    while (!due()) tx.getNextFrame().fill(0xff);
  },
  "in SYNC": () => {
    cookie.reset();
    rest();
  },
  "in ACK": () => {
    while (cookie.state !== "ack") cookie.notified();
    rest();
  },
  "amid resets": () => {
    while (!due()) {
      cookie.reset();
      for (let steps = sent++ % 4; steps > 0; steps--) cookie.notified();
    }
  },
  streaming: () => {
    while (!due()) serve();
  },
  // The last one lives.
  nothing: () => guest.detach(),
};

/** Dies; `time` is when it was last alive. */
const ends = {
  "process.exit": () => process.exit(3),
  "uncaught throw": () => {
    throw new Error(PURPOSE);
  },
  "heap exhausted": () => {
    for (const hoard = []; ; time[0] = clock()) hoard.push(new Array(1000).fill(hoard.length));
  },
};

await doings[doing]();
time[0] = clock();
ends[way]?.();
