/** The far end of thread-stream.mjs: checks the lines. */
import { Writable } from "node:stream";
import { parentPort } from "node:worker_threads";

export default function destination({ frameSize, digits }) {
  let received = 0;
  let end = 0;
  let text = "";
  const tell = () => {
    if (received === end) parentPort.postMessage({ code: "EVENT", name: "received", args: [] });
  };
  parentPort.on("message", (message) => {
    if (message.end === undefined) return;
    end = message.end;
    tell();
  });
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, callback) {
      text += chunk;
      let at = 0;
      for (; at + frameSize <= text.length; at += frameSize) {
        const number = Number(text.slice(at, at + digits));
        if (number !== received++ || text.charCodeAt(at + frameSize - 1) !== 10)
          throw new Error(`line ${number} is wrong`);
      }
      text = text.slice(at);
      callback();
      tell();
    },
  });
}
