/** Moves a stream of verified frames through one endpoint, in each way there is to wait and to move. */
import * as plain from "./frames.mjs";

/** Longest wait, in ms. It must not be reached. */
const TIMEOUT = 20_000;

/** How frames are moved: each verb moves at most `most` frames, and tells how many. `fill` may tell the message's length. */
const MOVES = {
  copy({ tx, rx, frameSize }, { check, fill, wordsOf }) {
    const frame = new Uint8Array(frameSize);
    const words = wordsOf(frame);
    return {
      send(seq) {
        if (!tx.canWrite()) return 0;
        return Number(tx.write(frame, fill(words, seq)));
      },
      receive(seq) {
        if (!rx.read(frame)) return 0;
        check(words, seq);
        return 1;
      },
    };
  },
  "in place"({ tx, rx }, { check, fill, wordsOf }) {
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
  batches({ tx, rx }, { check, fill, wordsOf }) {
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
  "park each": (cookie) => blocking(cookie, { spin: 0 }),
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
function listen({ guest }, step, done, once, install) {
  return new Promise((resolve) => {
    install(() => {
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
 * @param frames - what makes and checks the frames
 */
export async function stream(ivc, { handle, ...data }, frames = plain) {
  let handler = () => "called within reserve, before there is anything to do";
  const call = () => handler();
  const ops = data.wait === "ops" ? { rxReady: call, txReady: call } : undefined;
  const cookie = ivc.attach(handle).reserve(handle.endpoints[0].id, ops);
  const install = (wanted) => {
    handler = wanted;
    if (!ops) cookie.guest.requestIrq(cookie.irq, call);
  };
  const moved = await pump(cookie, data, frames, install);
  cookie.guest.detach();
  return moved;
}

/** {@link stream}, through an end that is open: without a guest, polling only. `install` takes the handler of a listener. */
export async function pump(
  end,
  { first = 0, send = 0, receive = 0, wait = "default", move = "copy" },
  frames = plain,
  install = undefined,
) {
  const mover = MOVES[move](end, frames);
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

  if (install && (wait === "ops" || wait.startsWith("listen"))) {
    await listen(end, step, done, wait === "listen for one", install);
  } else {
    const idle = WAITS[wait](end);
    while (!done()) {
      if (step() > 0 && (wait !== "park each" || done())) continue;
      // While frames are to come they are waited for: the peer cannot be full and empty at once.
      let outcome = idle(received < receive);
      if (typeof outcome !== "string") outcome = await outcome;
      if (outcome !== "ready")
        throw new Error(`${outcome} after ${sent} out, ${received} in: ${JSON.stringify(end.dump())}`);
    }
  }
  return { sent, received };
}
