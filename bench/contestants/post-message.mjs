/** `postMessage` between two ports. It has no backpressure of its own: the receiver tells the sender how far it is. */
import { MessageChannel } from "node:worker_threads";
import { check, stamp } from "../frame.mjs";
import { EventTrips } from "../latencies.mjs";
import { Arrivals, paced } from "../pace.mjs";
import { pair } from "../pair.mjs";

const url = import.meta.url;

/** One way: at most `nframes` are under way, and the receiver tells of each half of that. */
function oneWay(post, { frameSize, nframes }) {
  const { port1: port, port2 } = new MessageChannel();
  const data = new Uint8Array(frameSize);
  const half = nframes / 2;
  let received = 0;
  let wake;
  port.on("message", () => {
    received += half;
    wake?.();
  });
  const room = () => new Promise((resolve) => (wake = resolve));
  const near = async (from, n) => {
    for (let i = from; i < from + n; i++) {
      while (i - received >= nframes) await room();
      stamp(data, i);
      post(port, data);
    }
  };
  return pair(url, "oneWay", near, { port: port2, half }, [port2]);
}

function farOneWay({ port, half }) {
  let received = 0;
  let end = 0;
  let finish;
  port.on("message", (frame) => {
    check(frame, received++);
    if (received % half === 0) port.postMessage(null);
    if (received === end) finish();
  });
  return (from, n) => {
    end = from + n;
    return new Promise((resolve) => (finish = resolve));
  };
}

export const clone = (params) => oneWay((port, data) => port.postMessage(data), params);

export const transfer = (params) =>
  oneWay((port, data) => {
    const frame = data.slice();
    port.postMessage(frame, [frame.buffer]);
  }, params);

/** Round trips between the event loops of two threads. */
export function roundTrip({ frameSize }) {
  const { port1: port, port2 } = new MessageChannel();
  const data = new Uint8Array(frameSize);
  const calls = new EventTrips((i) => {
    stamp(data, i);
    port.postMessage(data);
  });
  port.on("message", (frame) => {
    check(frame, calls.next);
    calls.answered();
  });
  return pair(url, "answer", calls.run, { port: port2 }, [port2]);
}

function answer({ port }) {
  let next = 0;
  let end = 0;
  let finish;
  port.on("message", (frame) => {
    check(frame, next++);
    port.postMessage(frame);
    if (next === end) finish();
  });
  return (from, n) => {
    end = from + n;
    return new Promise((resolve) => (finish = resolve));
  };
}

/** Frames that come now and then. */
export function listening(params) {
  const { port1: port, port2 } = new MessageChannel();
  const data = new Uint8Array(params.frameSize);
  const time = new Float64Array(data.buffer);
  const send = (now) => {
    time[0] = now;
    port.postMessage(data);
  };
  return pair(url, "listen", paced(send, params), { port: port2 }, [port2]);
}

function listen({ port }) {
  const arrivals = new Arrivals();
  port.on("message", (frame) => arrivals.add(new Float64Array(frame.buffer)[0]));
  return arrivals.take;
}

/** Both threads send `n` frames and receive `n`, at most `nframes` each way under way. */
function exchange({ port, frameSize, nframes }) {
  const data = new Uint8Array(frameSize);
  let [sent, received, end, told] = [0, 0, 0, 0];
  let finish;
  const send = () => {
    while (sent < end && sent - told < nframes) {
      stamp(data, sent++);
      port.postMessage(data);
    }
  };
  const finishIfDone = () => {
    if (sent === end && received === end) finish?.();
  };
  port.on("message", (message) => {
    if (typeof message === "number") {
      told = message;
      send();
    } else {
      check(message, received++);
      if (received % (nframes / 2) === 0) port.postMessage(received);
    }
    finishIfDone();
  });
  return (from, n) => {
    end = from + n;
    return new Promise((resolve) => {
      finish = resolve;
      send();
      // The peer's frames may all have come before this end began.
      finishIfDone();
    });
  };
}

export function bothWays({ frameSize, nframes }) {
  const { port1: port, port2 } = new MessageChannel();
  const near = exchange({ port, frameSize, nframes });
  return pair(url, "bothWays", near, { port: port2, frameSize, nframes }, [port2]);
}

export const far = { oneWay: farOneWay, answer, listen, bothWays: exchange };
