/** What a worker does at its end of a channel: waits block, but for those of `callAsync`. */
import { callAsync, must, PATIENCE } from "./calls.mjs";

const write = ({ tx }, frame, options) => {
  while (!tx.write(frame)) must(tx.waitWritable(PATIENCE, options) === "ready", "room");
};

const read = ({ rx }, into, options) => {
  while (!rx.read(into)) must(rx.waitReadable(PATIENCE, options) === "ready", "a frame");
};

const jobs = {
  /** Echoes frames. */
  echo(channel, { count, options }) {
    const frame = new Uint8Array(channel.frameSize);
    for (let i = 0; i < count; i++) {
      read(channel, frame, options);
      write(channel, frame, options);
    }
    return count;
  },

  /** Calls who echoes. */
  call(channel, { count, options }) {
    const frame = new Uint8Array(channel.frameSize);
    const answer = new Uint8Array(channel.frameSize);
    for (let i = 0; i < count; i++) {
      write(channel, frame.fill(i), options);
      read(channel, answer, options);
      must(
        answer.every((byte) => byte === (i & 0xff)),
        `frame ${i} to come back whole`,
      );
    }
    return count;
  },

  /** As `call`, on the event loop. */
  callAsync: (channel, { count }) => callAsync(channel, count, { spin: 0 }),

  /** Sends frames that carry their number in the first and in the last word. */
  send(channel, { count, options }) {
    const frame = new Uint32Array(channel.frameSize / 4);
    const bytes = new Uint8Array(frame.buffer);
    for (let i = 0; i < count; i++) {
      frame[0] = i;
      frame[frame.length - 1] = i;
      write(channel, bytes, options);
    }
    return count;
  },

  /** Receives what `send` sends. */
  receive(channel, { count, options }) {
    const frame = new Uint32Array(channel.frameSize / 4);
    const bytes = new Uint8Array(frame.buffer);
    for (let i = 0; i < count; i++) {
      read(channel, bytes, options);
      must(frame[0] === i && frame[frame.length - 1] === i, `frame ${i}, got ${frame[0]}`);
    }
    return count;
  },

  /** Sends three frames, and leaves the rest to its successor. */
  leave(channel) {
    for (let i = 0; i < 3; i++) write(channel, new Uint8Array(channel.frameSize).fill(i));
  },
};

addEventListener("message", async ({ data: { job, handle, params } }) => {
  try {
    if (params.withoutWaitAsync) delete Atomics.waitAsync;
    const { openChannel } = await import("/dist/index.js");
    postMessage({ result: await jobs[job](openChannel(handle), params) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
