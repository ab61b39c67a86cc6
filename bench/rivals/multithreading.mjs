/**
 * The channel of multithreading: JSON values. A frame is a string that begins with its number. (An object arrives as a proxy
 * on memory that the channel uses again, so its members may be gone when the receiver looks.)
 *
 * The channel's memory is made so large that it is never collected: the sender collects it while the receiver reads, so that
 * with the 64 KiB of its default, and the two ends busy at once, the receiver soon finds values of long ago.
 */
import { channel, move, shutdown, spawn } from "multithreading";
import { trips } from "../latencies.mjs";

/** How many values a channel holds unless told otherwise. */
const CAPACITY = 32;
/** Bytes of a channel's memory. */
const MEMORY = 2 ** 30;
/** Digits of a number. */
const DIGITS = 10;

/** The near end sends, and the far one takes; both block. */
export async function blocking({ frameSize }) {
  const [tx, rx] = channel(CAPACITY, { size: MEMORY });
  const [told, done] = channel(1);
  const far = spawn(move(rx, told, { digits: DIGITS, frameSize }), (receiver, back, { digits, frameSize }) => {
    for (let next = 0; ; next++) {
      const { ok, value } = receiver.blockingRecv();
      if (!ok) return;
      if (Number(value.slice(0, digits)) !== next || value.length !== frameSize) {
        throw new Error(`expected frame ${next}, got ${value.slice(0, digits)}`);
      }
      if (value.endsWith("!")) back.blockingSend(next);
    }
  });
  const rest = ".".repeat(frameSize - DIGITS - 1);
  let from = 0;
  return {
    async run(n) {
      const start = performance.now();
      for (let i = from; i < from + n; i++) {
        tx.blockingSend(`${String(i).padStart(DIGITS, "0")}${rest}${i === from + n - 1 ? "!" : "."}`);
      }
      await done.recv();
      from += n;
      return { ms: performance.now() - start };
    },
    async stop() {
      tx[Symbol.dispose]();
      await far.join();
      shutdown();
    },
  };
}

/** Round trips; both ends block. */
export async function roundTrip({ frameSize }) {
  const [tx, rx] = channel(CAPACITY, { size: MEMORY });
  const [tx2, rx2] = channel(CAPACITY, { size: MEMORY });
  const far = spawn(move(rx, tx2), (receiver, sender) => {
    for (;;) {
      const { ok, value } = receiver.blockingRecv();
      if (!ok) return;
      sender.blockingSend(value);
    }
  });
  const data = ".".repeat(frameSize);
  const run = trips(() => {
    tx.blockingSend(data);
    rx2.blockingRecv();
  });
  return {
    run: (n) => run(0, n),
    async stop() {
      tx[Symbol.dispose]();
      await far.join();
      shutdown();
    },
  };
}
