/**
 * An IVC endpoint in AssemblyScript, written from the contract (docs/spec.md, §2–§5) and sharing no line with the library: all that
 * a peer in another language has to be. One instance of the module is one endpoint. What the endpoint owns it keeps in
 * WebAssembly globals, which no peer can reach, and stores to shared memory without ever loading it back.
 */

// A queue: offsets in bytes.
const TX_COUNT: usize = 0x00;
const TX_STATE: usize = 0x04;
const RX_COUNT: usize = 0x40;
const FRAMES: usize = 0x80;

const ESTABLISHED: u32 = 0;
const SYNC: u32 = 1;
const ACK: u32 = 2;

let rxQueue: usize;
let txQueue: usize;
let nframes: u32;
let frameSize: u32;
/** A ring is an addition to a word outside the queues: mine, and that of the peer. */
let ownBell: usize;
let peerBell: usize;

let state: u32;
/** Frames ever written and read, modulo 2^32, and the slots of the next ones. */
let written: u32;
let consumed: u32;
let writeSlot: u32;
let readSlot: u32;
/** The peer's counts as last loaded: good enough to go on, not to decide about a ring. */
let peerConsumed: u32;
let peerWritten: u32;

/** Own clears so far. */
export let clears: u32;

/** Opens the endpoint on memory that may be in use. */
export function open(rx: usize, tx: usize, slots: u32, size: u32, bell: usize, bellOfPeer: usize): void {
  rxQueue = rx;
  txQueue = tx;
  nframes = slots;
  frameSize = size;
  ownBell = bell;
  peerBell = bellOfPeer;
  state = atomic.load<u32>(txQueue, TX_STATE);
  written = atomic.load<u32>(txQueue, TX_COUNT);
  consumed = atomic.load<u32>(rxQueue, RX_COUNT);
  writeSlot = written % nframes;
  readSlot = consumed % nframes;
  clears = 0;
  forgetPeer();
}

/** Copies one message into the next frame, zeroes the rest of it and publishes it. False: not now. */
export function write(message: usize, length: u32): bool {
  if (length > frameSize) unreachable();
  if (!canWrite()) return false;
  const frame = txQueue + FRAMES + writeSlot * frameSize;
  memory.copy(frame, message, length);
  memory.fill(frame + length, 0, frameSize - length);
  writeSlot = nextSlot(writeSlot);
  written++;
  atomic.store<u32>(txQueue, written, TX_COUNT);
  peerConsumed = atomic.load<u32>(txQueue, RX_COUNT);
  if (written - peerConsumed === 1) ring(); // it was empty
  return true;
}

/** Copies the oldest frame, or the first `length` bytes of it, and consumes it. False: not now. */
export function read(into: usize, length: u32): bool {
  if (!canRead()) return false;
  memory.copy(into, rxQueue + FRAMES + readSlot * frameSize, min(length, frameSize));
  readSlot = nextSlot(readSlot);
  consumed++;
  atomic.store<u32>(rxQueue, consumed, RX_COUNT);
  peerWritten = atomic.load<u32>(rxQueue, TX_COUNT);
  if (peerWritten - consumed === nframes - 1) ring(); // it was full
  return true;
}

export function canWrite(): bool {
  if (state !== ESTABLISHED) return false;
  if (written - peerConsumed < nframes) return true;
  peerConsumed = atomic.load<u32>(txQueue, RX_COUNT);
  return written - peerConsumed < nframes;
}

export function canRead(): bool {
  if (state !== ESTABLISHED) return false;
  if (holdsFrames(peerWritten - consumed)) return true;
  peerWritten = atomic.load<u32>(rxQueue, TX_COUNT);
  return holdsFrames(peerWritten - consumed);
}

/** An over-full queue looks empty. */
function holdsFrames(used: u32): bool {
  return used !== 0 && used <= nframes;
}

function nextSlot(slot: u32): u32 {
  return slot + 1 < nframes ? slot + 1 : 0;
}

export function isEstablished(): bool {
  return state === ESTABLISHED;
}

/** Starts a reset. */
export function reset(): void {
  enter(SYNC);
}

/** One step of the handshake, to be run for every ring. Answers whether the link is established after it. */
export function notified(): bool {
  const peer = atomic.load<u32>(rxQueue, TX_STATE);
  if (peer === SYNC) {
    clear();
    enter(ACK);
  } else if (state === SYNC && peer === ACK) {
    clear();
    enter(ESTABLISHED);
  } else if (state === ACK) {
    enter(ESTABLISHED);
  }
  return state === ESTABLISHED;
}

function enter(next: u32): void {
  state = next;
  forgetPeer();
  atomic.store<u32>(txQueue, next, TX_STATE);
  ring();
}

function clear(): void {
  written = 0;
  consumed = 0;
  writeSlot = 0;
  readSlot = 0;
  clears++;
  atomic.store<u32>(txQueue, 0, TX_COUNT);
  atomic.store<u32>(rxQueue, 0, RX_COUNT);
}

/** Lets the tx queue seem full and the rx queue empty, until the peer's counts are loaded again. */
function forgetPeer(): void {
  peerConsumed = written - nframes;
  peerWritten = consumed;
}

function ring(): void {
  atomic.add<u32>(peerBell, 1);
  atomic.notify(peerBell, -1);
}

/** How often the peer has rung, modulo 2^32. To be loaded before looking at anything that a ring may tell of. */
export function rings(): u32 {
  return atomic.load<u32>(ownBell);
}

/** Sleeps until the next ring after `heard` of them. False: `milliseconds` went by. */
export function sleep(heard: u32, milliseconds: u32): bool {
  return atomic.wait<i32>(ownBell, heard, i64(milliseconds) * 1_000_000) !== AtomicWaitResult.TIMED_OUT;
}
