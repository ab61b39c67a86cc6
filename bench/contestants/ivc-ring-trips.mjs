/** This library, there and back: the near thread calls, the far one answers. Both directions at once, too. */
import { createChannel, openChannel } from "ivc-ring";
import { check, must, stamp } from "../frame.mjs";
import { EventTrips, trips } from "../latencies.mjs";
import { pair } from "../pair.mjs";

const url = import.meta.url;
const TIMEOUT = 10_000;

/** Opens the near end, and starts the far half with the other. */
function open(name, near, { frameSize, nframes, options }) {
  const [mine, handle] = createChannel({ frameSize, nframes });
  return pair(url, name, near(mine, options), { handle, options });
}

/** The next frame that comes, in place. */
function nextFrame(rx, options) {
  for (;;) {
    const frame = rx.getNextFrame();
    if (frame) return frame;
    must(rx.waitReadable(TIMEOUT, options) === "ready", "a frame");
  }
}

/** The frame of an answer is given back once the next call is under way, as the other end does. */
function callInPlace(handle, options) {
  const { tx, rx } = openChannel(handle);
  let holding = false;
  return trips((i) => {
    stamp(tx.getNextFrame(), i);
    tx.advance();
    if (holding) rx.advance();
    check(nextFrame(rx, options), i);
    holding = true;
  });
}

function answerInPlace({ handle, options }) {
  const { tx, rx } = openChannel(handle);
  return (from, n) => {
    for (let i = from; i < from + n; i++) {
      check(nextFrame(rx, options), i);
      stamp(tx.getNextFrame(), i);
      tx.advance();
      rx.advance();
    }
  };
}

function callByCopy(handle, options) {
  const { tx, rx } = openChannel(handle);
  const data = new Uint8Array(tx.frameSize);
  return trips((i) => {
    stamp(data, i);
    tx.write(data);
    while (!rx.read(data)) must(rx.waitReadable(TIMEOUT, options) === "ready", "an answer");
    check(data, i);
  });
}

function answerByCopy({ handle, options }) {
  const { tx, rx } = openChannel(handle);
  const data = new Uint8Array(tx.frameSize);
  return (from, n) => {
    for (let i = from; i < from + n; i++) {
      while (!rx.read(data)) must(rx.waitReadable(TIMEOUT, options) === "ready", "a call");
      check(data, i);
      tx.write(data);
    }
  };
}

/** Both threads on their event loops. */
function callOnEventLoop(handle) {
  const data = new Uint8Array(handle.endpoints[0].frameSize);
  let calls;
  const channel = openChannel(handle, {
    rxReady: ({ rx }) => {
      while (rx.read(data)) {
        check(data, calls.next);
        calls.answered();
      }
    },
  });
  calls = new EventTrips((i) => {
    stamp(data, i);
    channel.tx.write(data);
  });
  channel.guest.listen();
  return calls.run;
}

function answerOnEventLoop({ handle }) {
  const data = new Uint8Array(handle.endpoints[0].frameSize);
  let next = 0;
  let end = 0;
  let finish;
  const channel = openChannel(handle, {
    rxReady: ({ rx, tx }) => {
      while (rx.read(data)) {
        check(data, next++);
        tx.write(data);
        if (next === end) finish();
      }
    },
  });
  channel.guest.listen();
  return (from, n) => {
    end = from + n;
    return new Promise((resolve) => (finish = resolve));
  };
}

/** Sends n and receives n, whichever is possible. Neither end waits, so the line is masked. */
function exchange(handle) {
  const { guest, irq, tx, rx } = openChannel(handle);
  const data = new Uint8Array(tx.frameSize);
  const into = new Uint8Array(tx.frameSize);
  guest.disableIrq(irq);
  return (from, n) => {
    let sent = 0;
    let received = 0;
    while (sent < n || received < n) {
      if (sent < n && tx.canWrite()) {
        stamp(data, from + sent++);
        tx.write(data);
      }
      if (rx.read(into)) check(into, from + received++);
    }
  };
}

export const inPlace = (params) => open("inPlace", callInPlace, params);
export const copy = (params) => open("copy", callByCopy, params);
export const eventLoop = (params) => open("eventLoop", callOnEventLoop, params);
export const bothWays = (params) => open("bothWays", exchange, params);

export const far = {
  inPlace: answerInPlace,
  copy: answerByCopy,
  eventLoop: answerOnEventLoop,
  bothWays: ({ handle }) => exchange(handle),
};
