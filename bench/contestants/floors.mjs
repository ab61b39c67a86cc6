/** What the platform costs without a library: each loop is written out by hand, and does nothing it need not. */
import { check, stamp } from "../frame.mjs";
import { trips } from "../latencies.mjs";
import { pair } from "../pair.mjs";

const url = import.meta.url;
/** Words of the counts: a cache line each. */
const TX = 0;
const RX = 16;
const HEADER = 128;

const viewsOf = (buffer, frameSize, nframes) => ({
  words: new Int32Array(buffer),
  frames: new Uint8Array(buffer, HEADER, frameSize * nframes),
  slots: Array.from({ length: nframes }, (_, i) => new Uint8Array(buffer, HEADER + i * frameSize, frameSize)),
});

/** A ring: one `set`, one store and, while it is neither full nor empty, no load per frame and side. */
export function loop({ frameSize, nframes }) {
  const buffer = new SharedArrayBuffer(HEADER + frameSize * nframes);
  const { words, frames } = viewsOf(buffer, frameSize, nframes);
  const data = new Uint8Array(frameSize);
  let sent = 0;
  let received = 0;
  let slot = 0;
  const near = (from, n) => {
    for (let i = 0; i < n; i++) {
      stamp(data, from + i);
      while (((sent - received) | 0) === nframes) received = Atomics.load(words, RX);
      frames.set(data, slot * frameSize);
      slot = slot + 1 === nframes ? 0 : slot + 1;
      sent = (sent + 1) | 0;
      Atomics.store(words, TX, sent);
    }
  };
  return pair(url, "loop", near, { buffer, frameSize, nframes });
}

function farLoop({ buffer, frameSize, nframes }) {
  const { words, slots } = viewsOf(buffer, frameSize, nframes);
  const into = new Uint8Array(frameSize);
  let sent = 0;
  let received = 0;
  let slot = 0;
  return (from, n) => {
    for (let i = 0; i < n; i++) {
      while (sent === received) sent = Atomics.load(words, TX);
      into.set(slots[slot]);
      slot = slot + 1 === nframes ? 0 : slot + 1;
      received = (received + 1) | 0;
      Atomics.store(words, RX, received);
      check(into, from + i);
    }
  };
}

/**
 * A hop in our layout: each way one frame and, in another cache line, its count. Each end answers the other's frame, in
 * place.
 */
export function hop({ frameSize, nframes }) {
  const out = new SharedArrayBuffer(HEADER + frameSize * nframes);
  const back = new SharedArrayBuffer(HEADER + frameSize * nframes);
  const [tx, rx] = [viewsOf(out, frameSize, nframes), viewsOf(back, frameSize, nframes)];
  let slot = 0;
  const trip = (i) => {
    stamp(tx.slots[slot], i);
    Atomics.store(tx.words, TX, i + 1);
    while (Atomics.load(rx.words, TX) === i);
    check(rx.slots[slot], i);
    slot = slot + 1 === nframes ? 0 : slot + 1;
  };
  return pair(url, "hop", trips(trip), { out, back, frameSize, nframes });
}

function farHop({ out, back, frameSize, nframes }) {
  const [tx, rx] = [viewsOf(back, frameSize, nframes), viewsOf(out, frameSize, nframes)];
  let slot = 0;
  return (from, n) => {
    for (let i = from; i < from + n; i++) {
      while (Atomics.load(rx.words, TX) === i);
      check(rx.slots[slot], i);
      stamp(tx.slots[slot], i);
      Atomics.store(tx.words, TX, i + 1);
      slot = slot + 1 === nframes ? 0 : slot + 1;
    }
  };
}

/** One word that two threads take turns to increment, spinning. */
export function word() {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const trip = (i) => {
    Atomics.store(words, 0, 2 * i + 1);
    while (Atomics.load(words, 0) === 2 * i + 1);
  };
  return pair(url, "word", trips(trip), { words });
}

const farWord =
  ({ words }) =>
  (from, n) => {
    for (let i = from; i < from + n; i++) {
      while (Atomics.load(words, 0) === 2 * i);
      Atomics.store(words, 0, 2 * i + 2);
    }
  };

/** The same, each asleep while it is the other's turn. */
export function waitNotify() {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const trip = (i) => {
    Atomics.store(words, 0, 2 * i + 1);
    Atomics.notify(words, 0);
    while (Atomics.load(words, 0) === 2 * i + 1) Atomics.wait(words, 0, 2 * i + 1);
  };
  return pair(url, "waitNotify", trips(trip), { words });
}

const farWaitNotify =
  ({ words }) =>
  (from, n) => {
    for (let i = from; i < from + n; i++) {
      while (Atomics.load(words, 0) === 2 * i) Atomics.wait(words, 0, 2 * i);
      Atomics.store(words, 0, 2 * i + 2);
      Atomics.notify(words, 0);
    }
  };

export const far = { loop: farLoop, hop: farHop, word: farWord, waitNotify: farWaitNotify };
