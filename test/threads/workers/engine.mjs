/** Moves a stream of verified frames through one endpoint, in each way there is to wait and to move. */
import { check, FRAME_SIZE, fill, wordsOf } from "./frames.mjs";

/** Longest wait, in ms. It must not be reached. */
const TIMEOUT = 20_000;

/** How frames are moved: each verb moves at most `most` frames, and tells how many. */
const MOVES = {
  copy({ tx, rx }) {
    const frame = new Uint8Array(FRAME_SIZE);
    const words = wordsOf(frame);
    return {
      send(seq) {
        if (!tx.canWrite()) return 0;
        fill(words, seq);
        return Number(tx.write(frame));
      },
      receive(seq) {
        if (!rx.read(frame)) return 0;
        check(words, seq);
        return 1;
      },
    };
  },
  "in place"({ tx, rx }) {
    return {
      send(seq) {
        const frame = tx.getNextFrame();
        if (!frame) return 0;
        fill(wordsOf(frame), seq);
        return Number(tx.advance());
      },
      receive(seq) {
        const frame = rx.getNextFrame();
        if (!frame) return 0;
        check(wordsOf(frame), seq);
        return Number(rx.advance());
      },
    };
  },
  batches({ tx, rx }) {
    const each = (half, most, visit) => {
      const count = Math.min(most, half.framesAvailable());
      for (let i = 0; i < count; i++) visit(wordsOf(half.getNextFrame(i)), i);
      return count > 0 && half.advance(count) ? count : 0;
    };
    return {
      send: (seq, most) => each(tx, most, (words, i) => fill(words, seq + i)),
      receive: (seq, most) => each(rx, most, (words, i) => check(words, seq + i)),
    };
  },
};

/** What is done when nothing can be moved. A function of what is yet to come: frames, or room. */
const WAITS = {
  poll: () => () => "ready",
  spin: (cookie) => blocking(cookie, { spin: Number.POSITIVE_INFINITY }),
  park: (cookie) => blocking(cookie, { spin: 0 }),
  default: (cookie) => blocking(cookie, {}),
  async:
    ({ tx, rx }) =>
    (frames) =>
      frames ? rx.waitReadableAsync(TIMEOUT) : tx.waitWritableAsync(TIMEOUT),
  "guest.wait":
    ({ guest }) =>
    () =>
      guest.wait(TIMEOUT) > 0 ? "ready" : "timed-out",
};

function blocking({ tx, rx }, options) {
  return (frames) => (frames ? rx.waitReadable(TIMEOUT, options) : tx.waitWritable(TIMEOUT, options));
}

/** Calls `step` from a handler until `done`: at each interrupt as often as anything moves, or once. */
function listen({ guest, irq }, step, done, once) {
  return new Promise((resolve) => {
    guest.requestIrq(irq, () => {
      while (step() > 0 && !once);
      if (!done()) return;
      guest.stopListening();
      resolve();
    });
    guest.listen();
  });
}

/**
 * Attaches, sends the frames `first`…`first + send − 1`, receives as many from `first` on as `receive` says, and detaches.
 *
 * @param ivc - the library, however it was loaded
 * @param data - of a worker: { handle, first, send, receive, wait, move }
 */
export async function stream(ivc, { handle, first = 0, send = 0, receive = 0, wait = "default", move = "copy" }) {
  const cookie = ivc.attach(handle).reserve(handle.endpoints[0].id);
  const mover = MOVES[move](cookie);
  let sent = 0;
  let received = 0;
  const step = () => {
    const out = sent < send ? mover.send(first + sent, send - sent) : 0;
    sent += out;
    const into = received < receive ? mover.receive(first + received, receive - received) : 0;
    received += into;
    return out + into;
  };
  const done = () => sent === send && received === receive;

  if (wait.startsWith("listen")) {
    await listen(cookie, step, done, wait === "listen for one");
  } else {
    const idle = WAITS[wait](cookie);
    while (!done()) {
      if (step() > 0) continue;
      // While frames are to come they are waited for: the peer cannot be full and empty at once.
      let outcome = idle(received < receive);
      if (typeof outcome !== "string") outcome = await outcome;
      if (outcome !== "ready")
        throw new Error(`${outcome} after ${sent} out, ${received} in: ${JSON.stringify(cookie.dump())}`);
    }
  }
  cookie.guest.detach();
  return { sent, received };
}
