/** This library, one way: frames from the near thread to the far one. Both ends spin while they wait, unless told otherwise. */
import { createChannel, IvcChannel, openChannel } from "ivc-ring";
import { check, must, stamp } from "../frame.mjs";
import { pair } from "../pair.mjs";

const url = import.meta.url;
const TIMEOUT = 10_000;
const SPIN = { spin: Number.POSITIVE_INFINITY };
const BATCH = 32;

/** Opens the near end, and starts the far half with the other. */
function open(name, near, { frameSize, nframes, options = SPIN }) {
  const [mine, handle] = createChannel({ frameSize, nframes });
  return pair(url, name, near(openChannel(mine), options), { handle, options });
}

function sendCopies({ tx }, options) {
  const data = new Uint8Array(tx.frameSize);
  return (from, n) => {
    for (let i = 0; i < n; i++) {
      stamp(data, from + i);
      while (!tx.write(data)) must(tx.waitWritable(TIMEOUT, options) === "ready", "room");
    }
  };
}

function receiveCopies({ rx }, options) {
  const into = new Uint8Array(rx.frameSize);
  return (from, n) => {
    for (let i = 0; i < n; i++) {
      while (!rx.read(into)) must(rx.waitReadable(TIMEOUT, options) === "ready", "a frame");
      check(into, from + i);
    }
  };
}

/** Frame by frame, without a copy. */
function oneByOne(half, wait, use) {
  return (from, n) => {
    for (let i = from; i < from + n; i++) {
      let frame = half.getNextFrame();
      while (!frame) {
        must(wait() === "ready", "the peer to go on");
        frame = half.getNextFrame();
      }
      use(frame, i);
      half.advance();
    }
  };
}

/** As many frames at once as there are, at most BATCH. */
function batches(half, wait, use) {
  return (from, n) => {
    for (let i = 0; i < n; ) {
      const size = Math.min(half.framesAvailable(), BATCH, n - i);
      if (size === 0) {
        must(wait() === "ready", "the peer to go on");
        continue;
      }
      for (let ahead = 0; ahead < size; ahead++) use(half.getNextFrame(ahead), from + i + ahead);
      half.advance(size);
      i += size;
    }
  };
}

/** The halves of a way to move frames in place, {@link oneByOne} or in {@link batches}. */
const sending =
  (way) =>
  ({ tx }, options) =>
    way(tx, () => tx.waitWritable(TIMEOUT, options), stamp);
const receiving =
  (way) =>
  ({ rx }, options) =>
    way(rx, () => rx.waitReadable(TIMEOUT, options), check);

export const copy = (params) => open("copy", sendCopies, params);
export const inPlace = (params) => open("inPlace", sending(oneByOne), params);
export const batch = (params) => open("batch", sending(batches), params);

/** The far half takes frames on its event loop, and the near one waits as it does by default. */
export const eventLoop = (params) => open("eventLoop", sendCopies, { ...params, options: undefined });

function listen({ handle }) {
  const into = new Uint8Array(handle.endpoints[0].frameSize);
  let received = 0;
  let end = 0;
  let finish;
  const rxReady = ({ rx }) => {
    while (rx.read(into)) {
      check(into, received++);
      if (received === end) finish();
    }
  };
  openChannel(handle, { rxReady }).guest.listen();
  return (from, n) => {
    end = from + n;
    return new Promise((resolve) => (finish = resolve));
  };
}

/**
 * Uses everything that has to do with frames, on channels of other geometry, of the bare ring layer and of the kernel's face,
 * with other kinds of bytes: afterwards no call site of the library is monomorphic any more.
 */
function useAll() {
  for (const [frameSize, nframes] of [
    [64, 3],
    [128, 7],
    [1024, 16],
    [4096, 5],
  ]) {
    const [a, b] = createChannel({ frameSize, nframes }).map((handle) => openChannel(handle));
    const queue = 128 + nframes * frameSize;
    const buffer = new SharedArrayBuffer(2 * queue);
    const [low, high] = [0, queue].map((byteOffset) => ({ buffer, byteOffset }));
    const c = new IvcChannel({ rx: low, tx: high, nframes, frameSize });
    const d = new IvcChannel({ rx: high, tx: low, nframes, frameSize, notify: () => d.session });
    const kinds = [
      Buffer.alloc(frameSize),
      new Uint8Array(frameSize),
      new Uint8Array(new SharedArrayBuffer(frameSize)),
    ];
    const short = new Uint8Array(frameSize + 1).subarray(1, 20);
    for (let i = 0; i < 20_000; i++) {
      const data = kinds[i % 3];
      for (const [{ tx }, { rx }] of [
        [a, b],
        [d, c],
      ]) {
        must(tx.write(i % 5 === 0 ? short : data) && rx.read(i % 7 === 0 ? short : data), "a frame to pass");
        must(tx.poke(short, 3) && tx.advance() && rx.peek(short, 5) && rx.advance(), "a frame to pass in parts");
        stamp(tx.getNextFrame(1), i);
        stamp(tx.getNextFrame(), i);
        must(tx.advance(2) && rx.getNextFrame(1) && rx.advance(2), "two frames to pass in place");
      }
    }
    a.guest.detach();
    b.guest.detach();
  }
}

export function copyAfterAll(params) {
  useAll();
  return open("copyAfterAll", sendCopies, params);
}

function receiveAfterAll(data) {
  useAll();
  return opened(receiveCopies)(data);
}

const opened =
  (half) =>
  ({ handle, options }) =>
    half(openChannel(handle), options);

export const far = {
  copy: opened(receiveCopies),
  copyAfterAll: receiveAfterAll,
  inPlace: opened(receiving(oneByOne)),
  batch: opened(receiving(batches)),
  eventLoop: listen,
};
