/** thread-stream: a one-way stream of text to a worker, made for logs. A frame is a line; `write` answering false is its backpressure. */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import ThreadStream from "thread-stream";

/** Digits of a line's number. */
const DIGITS = 10;

export async function lines({ frameSize, nframes }) {
  const stream = new ThreadStream({
    filename: fileURLToPath(new URL("thread-stream-destination.mjs", import.meta.url)),
    workerData: { frameSize, digits: DIGITS },
    bufferSize: frameSize * nframes,
  });
  await once(stream, "ready");
  const rest = `${".".repeat(frameSize - DIGITS - 1)}\n`;
  let from = 0;
  return {
    async run(n) {
      const done = once(stream, "received");
      stream.emit("message", { end: from + n });
      const start = performance.now();
      for (let i = from; i < from + n; i++) {
        if (!stream.write(String(i).padStart(DIGITS, "0") + rest)) await once(stream, "drain");
      }
      await done;
      from += n;
      return { ms: performance.now() - start };
    },
    async stop() {
      stream.end();
      await once(stream, "close");
    },
  };
}
