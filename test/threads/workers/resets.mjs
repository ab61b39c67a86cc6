/**
 * Sends and receives, and resets the link again and again. A frame's number holds the session of its sender and its place
 * in it, so that the receiver knows a frame which is lost, doubled, or left over from before a reset.
 */
import { parentPort, workerData } from "node:worker_threads";
import { openChannel } from "ivc-ring";
import { check, FRAME_SIZE, fill, wordsOf } from "./frames.mjs";

const LONG = 20_000;
const PLACES = 1 << 16;

/** `done`, shared by both ends: how many of them have made all their resets, and seen traffic after the last. */
const { handle, resets, options } = workerData;
const done = new Int32Array(workerData.done);
const cookie = openChannel(handle);
const { tx, rx } = cookie;
const frame = new Uint8Array(FRAME_SIZE);
const words = wordsOf(frame);

let sentIn = -1;
let sent = 0;
let receivedIn = -1;
let last = -1;
let made = 0;
/** Frames received since the last own reset. */
let received = 0;
let isDone = false;

function send() {
  if (cookie.session !== sentIn) {
    sentIn = cookie.session;
    sent = 0;
  }
  fill(words, sentIn * PLACES + sent);
  if (!tx.write(frame)) return false;
  sent++;
  return true;
}

function receive() {
  if (!rx.read(frame)) return false;
  const [number] = words;
  check(words, number);
  const isFirst = cookie.session !== receivedIn;
  if (isFirst ? number % PLACES !== 0 : number !== last + 1) {
    throw new Error(
      `frame ${number % PLACES} of session ${Math.floor(number / PLACES)} after ${last}, isFirst ${isFirst}`,
    );
  }
  receivedIn = cookie.session;
  last = number;
  received++;
  return true;
}

function park() {
  const outcome =
    cookie.state === "established" ? rx.waitReadable(LONG, options) : cookie.waitEstablished(LONG, options);
  if (outcome !== "ready") throw new Error(`${outcome} after ${made} resets: ${JSON.stringify(cookie.dump())}`);
}

while (Atomics.load(done, 0) < 2) {
  const out = send();
  const into = receive();
  if (received === 10 && made < resets) {
    cookie.reset();
    made++;
    received = 0;
  }
  if (received === 10 && !isDone) {
    isDone = true;
    Atomics.add(done, 0, 1);
  }
  if (!out && !into && Atomics.load(done, 0) < 2) park();
}
// The peer may wait for one more frame.
send();
parentPort.postMessage({ resets: made, state: cookie.state, session: cookie.session });
