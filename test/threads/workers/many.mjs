/** One side of many channels: echoes on all of them from one `guest.wait`, or asks on all of them and checks the echoes. */
import { parentPort, workerData } from "node:worker_threads";
import { attach } from "ivc-ring";
import { check, FRAME_SIZE, fill, wordsOf } from "./frames.mjs";

const LONG = 20_000;
const { role, handles, rounds } = workerData;
const frame = new Uint8Array(FRAME_SIZE);
const words = wordsOf(frame);
const guests = handles.map(attach);
const cookies = guests.flatMap((guest, i) => handles[i].endpoints.map(({ id }) => guest.reserve(id)));

const roles = {
  /** Answers how many lines each `guest.wait` served at most, and how many echoes went out. */
  serve() {
    const [guest] = guests;
    const expected = rounds * cookies.length;
    let echoes = 0;
    let most = 0;
    for (const { irq, rx, tx } of cookies) {
      guest.requestIrq(irq, () => {
        for (; tx.canWrite() && rx.read(frame); echoes++) tx.write(frame);
      });
    }
    while (echoes < expected) {
      const served = guest.wait(LONG);
      if (served === 0) throw new Error(`timed out after ${echoes} echoes`);
      most = Math.max(most, served);
    }
    return { echoes, most };
  },

  ask() {
    let checked = 0;
    for (let round = 0; round < rounds; round++) {
      for (const [i, { tx }] of cookies.entries()) {
        fill(words, round * cookies.length + i);
        if (!tx.write(frame)) throw new Error(`no room on channel ${i} in round ${round}`);
      }
      for (const [i, { rx }] of cookies.entries()) {
        const outcome = rx.waitReadable(LONG);
        if (outcome !== "ready") throw new Error(`${outcome} on channel ${i} in round ${round}`);
        rx.read(frame);
        check(words, round * cookies.length + i);
        checked++;
      }
    }
    return { checked };
  },

  /** Rings one line after the other, each once the one before has been answered. */
  ring() {
    for (const { tx, rx } of cookies) {
      tx.write(frame);
      rx.waitReadable(LONG);
    }
    return { rung: cookies.length };
  },
};

parentPort.postMessage(roles[role]());
