/** ringbuf.js: a stream of bytes without waiting. A frame is pushed and popped only when it fits whole, as its README's queues do. */
import { RingBuffer } from "ringbuf.js";
import { check, stamp } from "../frame.mjs";
import { trips } from "../latencies.mjs";
import { pair } from "../pair.mjs";

const url = import.meta.url;

const make = (frameSize, nframes) => RingBuffer.getStorageForCapacity(frameSize * nframes, Uint8Array);

function push(ring, data) {
  while (ring.availableWrite() < data.length);
  ring.push(data);
}

function pop(ring, into) {
  while (ring.availableRead() < into.length);
  ring.pop(into);
}

export function copy({ frameSize, nframes }) {
  const storage = make(frameSize, nframes);
  const ring = new RingBuffer(storage, Uint8Array);
  const data = new Uint8Array(frameSize);
  const near = (from, n) => {
    for (let i = from; i < from + n; i++) {
      stamp(data, i);
      push(ring, data);
    }
  };
  return pair(url, "copy", near, { storage, frameSize });
}

function farCopy({ storage, frameSize }) {
  const ring = new RingBuffer(storage, Uint8Array);
  const into = new Uint8Array(frameSize);
  return (from, n) => {
    for (let i = from; i < from + n; i++) {
      pop(ring, into);
      check(into, i);
    }
  };
}

/** Two rings: one each way. */
function both({ frameSize, nframes }, near, name) {
  const [out, back] = [make(frameSize, nframes), make(frameSize, nframes)];
  const [tx, rx] = [new RingBuffer(out, Uint8Array), new RingBuffer(back, Uint8Array)];
  return pair(url, name, near(tx, rx, new Uint8Array(frameSize)), { out, back, frameSize });
}

const call = (tx, rx, data) =>
  trips((i) => {
    stamp(data, i);
    push(tx, data);
    pop(rx, data);
    check(data, i);
  });

function farEcho({ out, back, frameSize }) {
  const [tx, rx] = [new RingBuffer(back, Uint8Array), new RingBuffer(out, Uint8Array)];
  const data = new Uint8Array(frameSize);
  return (from, n) => {
    for (let i = from; i < from + n; i++) {
      pop(rx, data);
      check(data, i);
      push(tx, data);
    }
  };
}

export const roundTrip = (params) => both(params, call, "echo");

/** Sends n and receives n, whichever is possible. */
const exchange = (tx, rx, data) => {
  const into = new Uint8Array(data.length);
  return (from, n) => {
    let sent = 0;
    let received = 0;
    while (sent < n || received < n) {
      if (sent < n && tx.availableWrite() >= data.length) {
        stamp(data, from + sent++);
        tx.push(data);
      }
      if (rx.availableRead() >= data.length) {
        rx.pop(into);
        check(into, from + received++);
      }
    }
  };
};

export const bothWays = (params) => both(params, exchange, "bothWays");

export const far = {
  copy: farCopy,
  echo: farEcho,
  bothWays: ({ out, back, frameSize }) =>
    exchange(new RingBuffer(back, Uint8Array), new RingBuffer(out, Uint8Array), new Uint8Array(frameSize)),
};
