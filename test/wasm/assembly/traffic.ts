/**
 * One end of the traffic of the gate, in AssemblyScript: sends and receives checked frames and resets the link when it
 * is its turn. What it does is said in traffic.mjs, its twin.
 */
import { canRead, canWrite, clears, isEstablished, notified, read, reset, rings, sleep, write } from "./ivc";

export * from "./ivc";

/** Throws in the host. */
declare function fail(session: u32, place: u32, gotSession: u32, gotPlace: u32): void;
declare function silent(session: u32, sent: u32, received: u32): void;

const SPINS: u32 = 2_000;
const DEADLINE: u32 = 10_000;

export let session: u32 = 0;
let sent: u32;
let received: u32;
let peerReceived: u32;
let wordsInFrame: u32;
/** Private memory for a message that goes out, and one that came in. */
let outgoing: usize;
let incoming: usize;

export let resets: u32 = 0;
export let total: f64 = 0;

export function run(end: u32, nframes: u32, frameSize: u32, sessions: u32, long: u32, scratch: usize): void {
  wordsInFrame = frameSize / 4;
  outgoing = scratch;
  incoming = scratch + frameSize;
  let served: u32 = 0;
  let seenClears: u32 = 0;
  let spins: u32 = 0;
  for (;;) {
    const heard = rings();
    if (heard !== served) {
      served = heard;
      notified();
    }
    if (clears !== seenClears && isEstablished()) {
      seenClears = clears;
      session++;
      sent = received = peerReceived = 0;
    }
    const isShort = (session & 1) === 1;
    const goal: u32 = isShort ? 1 + ((session >> 1) % nframes) : long;
    const limit: u32 = isShort ? nframes : session === sessions ? long : u32.MAX_VALUE;
    const out = sent < limit && send();
    const into = receive();
    if (session === sessions) {
      if (sent === long && received === long) return;
    } else if (isMyTurn(end) && isEstablished() && received >= goal && (isShort || peerReceived >= goal)) {
      reset();
      resets++;
    }
    if (out || into) {
      spins = 0;
    } else if (++spins > SPINS) {
      spins = 0;
      if (!sleep(heard, DEADLINE)) silent(session, sent, received);
    }
  }
}

function isMyTurn(end: u32): bool {
  return ((0b0110 >> (session & 3)) & 1) === end;
}

function wordsOf(place: u32): u32 {
  return 4 + (place % (wordsInFrame - 3));
}

function send(): bool {
  if (!canWrite()) return false;
  const last = wordsOf(sent) - 1;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < last; i++) {
    const word: u32 = i === 0 ? session : i === 1 ? sent : i === 2 ? received : (sent + i) * 0x9e3779b1;
    store<u32>(outgoing + 4 * i, word);
    sum = sum * 31 + word;
  }
  store<u32>(outgoing + 4 * last, sum);
  if (!write(outgoing, 4 * (last + 1))) unreachable();
  sent++;
  return true;
}

function receive(): bool {
  if (!canRead() || !read(incoming, 4 * wordsInFrame)) return false;
  const last = wordsOf(received) - 1;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < last; i++) sum = sum * 31 + load<u32>(incoming + 4 * i);
  let rest = sum ^ load<u32>(incoming + 4 * last);
  for (let i = last + 1; i < wordsInFrame; i++) rest |= load<u32>(incoming + 4 * i);
  const gotSession = load<u32>(incoming);
  const gotPlace = load<u32>(incoming, 4);
  if (gotSession !== session || gotPlace !== received || rest !== 0) fail(session, received, gotSession, gotPlace);
  peerReceived = load<u32>(incoming, 8);
  received++;
  total++;
  return true;
}
