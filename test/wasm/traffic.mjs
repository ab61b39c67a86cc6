/**
 * One end of the traffic of the gate, on an `IvcChannel`; assembly/traffic.ts is its twin. Both ends send and check frames
 * at once, until one of them resets the link. Session *s* is the one after *s* resets; not after *s* clears, since an end
 * that is rung twice while its peer still says SYNC clears twice.
 *
 * - Even sessions are long: they end, in mid-traffic, when each end has received at least `long` frames. The last one
 *   carries exactly `long` frames in each direction.
 * - Odd ones are short: no end sends more frames than a queue holds, and 1…nframes of them are received.
 * - One end has the turn to end a session by a reset: 0, 1, 1, 0 and so on. It has then received a frame of it, which its
 *   peer sent while established: so one handshake is over before the next begins. The wire protocol asks for that
 *   (SPEC §5: overlapping resets can tear frames).
 *
 * A message has the session, its place in it, how many its sender has received, filler, and a checksum; its length
 * follows from its place.
 */
import { BELLS } from "./area.mjs";
import { openChannel } from "./ends.mjs";

const SPINS = 2_000;
const DEADLINE = 10_000;

/** Runs the end. Returns what came of it. */
export function run(memory, { end, nframes, frameSize, sessions, long }) {
  const channel = openChannel(memory, end, nframes, frameSize);
  const { tx, rx } = channel;
  const bell = new Int32Array(memory.buffer, BELLS[end], 1);
  const wordsInFrame = frameSize / 4;
  const outgoing = new Uint32Array(wordsInFrame);
  const outgoingBytes = new Uint8Array(outgoing.buffer);
  const incoming = new Uint32Array(wordsInFrame);
  const incomingBytes = new Uint8Array(incoming.buffer);
  let session = 0;
  let sent = 0;
  let received = 0;
  let peerReceived = 0;
  let resets = 0;
  let total = 0;

  function isMyTurn() {
    return ((0b0110 >> (session & 3)) & 1) === end;
  }

  function wordsOf(place) {
    return 4 + (place % (wordsInFrame - 3));
  }

  function send() {
    if (!tx.canWrite()) return false;
    const last = wordsOf(sent) - 1;
    let sum = 0;
    for (let i = 0; i < last; i++) {
      const word = i === 0 ? session : i === 1 ? sent : i === 2 ? received : Math.imul(sent + i, 0x9e3779b1);
      outgoing[i] = word;
      sum = (Math.imul(sum, 31) + word) | 0;
    }
    outgoing[last] = sum;
    if (!tx.write(outgoingBytes, 4 * (last + 1))) throw new Error("expected room for a frame");
    sent++;
    return true;
  }

  function receive() {
    if (!rx.canRead() || !rx.read(incomingBytes)) return false;
    const last = wordsOf(received) - 1;
    let sum = 0;
    for (let i = 0; i < last; i++) sum = (Math.imul(sum, 31) + incoming[i]) | 0;
    let rest = sum ^ incoming[last];
    for (let i = last + 1; i < wordsInFrame; i++) rest |= incoming[i];
    const [gotSession, gotPlace] = incoming;
    if (gotSession !== session || gotPlace !== received || rest !== 0) {
      throw new Error(`ours expected frame ${received} of session ${session}, got ${gotPlace} of ${gotSession}`);
    }
    peerReceived = incoming[2];
    received++;
    total++;
    return true;
  }

  let seenClears = 0;
  let served = 0;
  let spins = 0;
  for (;;) {
    const heard = Atomics.load(bell, 0);
    if (heard !== served) {
      served = heard;
      channel.notified();
    }
    if (channel.session !== seenClears && channel.state === "established") {
      seenClears = channel.session;
      session++;
      sent = received = peerReceived = 0;
    }
    const isShort = (session & 1) === 1;
    const goal = isShort ? 1 + ((session >> 1) % nframes) : long;
    const limit = isShort ? nframes : session === sessions ? long : Number.POSITIVE_INFINITY;
    const out = sent < limit && send();
    const into = receive();
    if (session === sessions) {
      if (sent === long && received === long) return { session, resets, total };
    } else if (isMyTurn() && channel.state === "established" && received >= goal && (isShort || peerReceived >= goal)) {
      channel.reset();
      resets++;
    }
    if (out || into) {
      spins = 0;
    } else if (++spins > SPINS) {
      spins = 0;
      if (Atomics.wait(bell, 0, heard, DEADLINE) === "timed-out") {
        throw new Error(`ours hears nothing in session ${session}, ${sent} sent, ${received} received`);
      }
    }
  }
}
