/**
 * The peer in WebAssembly against the contract and against an end of ours, one call at a time in one thread: every step
 * takes effect at once, so all that the ends may do to shared memory is determined, and each byte of it is compared.
 */
import assert from "node:assert/strict";
import { BELLS, makeArea, prepare, queuesOf, SCRATCH, wordsAt } from "./area.mjs";
import { channelEnd, wasmEnd } from "./ends.mjs";

/**
 * Plays known traffic and compares the words of both headers, and the bells, with what SPEC §2–§5 says they are.
 *
 * @param module - the compiled peer
 * @param {0 | 1} side - which end it is
 */
export function known(module, side) {
  const [nframes, frameSize, start] = [3, 64, -2];
  const memory = makeArea();
  prepare(memory, nframes, frameSize, start, 0xaa);
  const ends = [0, 1].map((end) => (end === side ? wasmEnd : openOurs)(module, memory, end, nframes, frameSize));
  const [a, b] = ends;
  const message = (first) => new Uint8Array([first, 2, 3]);
  const into = new Uint8Array(frameSize);
  const [queue0, queue1] = queuesOf(nframes, frameSize);

  // Words are tx.count, tx.state, rx.count; b sends in queue 0, a in queue 1. After 2^32 − 2 frames the next slot is 2; at
  // the wrap, which 3 does not divide, it goes on with 1. After a reset it is 0.
  const steps = [
    // call, its answer, queue 0, queue 1, rings heard by a and by b, first byte of each slot of queue 1, and of b's last read
    ["a writes: was empty", () => a.write(message(1)), true, [-2, 0, -2], [-1, 0, -2], [0, 1], [0xaa, 0xaa, 1], 0],
    ["a writes", () => a.write(message(2)), true, [-2, 0, -2], [0, 0, -2], [0, 1], [2, 0xaa, 1], 0],
    ["a fills the queue", () => a.write(message(3)), true, [-2, 0, -2], [1, 0, -2], [0, 1], [2, 3, 1], 0],
    ["a finds it full", () => a.write(message(4)), false, [-2, 0, -2], [1, 0, -2], [0, 1], [2, 3, 1], 0],
    ["b reads: was full", () => b.read(into), true, [-2, 0, -2], [1, 0, -1], [1, 1], [2, 3, 1], 1],
    ["b reads", () => b.read(into), true, [-2, 0, -2], [1, 0, 0], [1, 1], [2, 3, 1], 2],
    ["b reads the last", () => b.read(into), true, [-2, 0, -2], [1, 0, 1], [1, 1], [2, 3, 1], 3],
    ["b writes: was empty", () => b.write(message(5)), true, [-1, 0, -2], [1, 0, 1], [2, 1], [2, 3, 1], 3],
    ["b resets", () => b.reset(), undefined, [-1, 1, -2], [1, 0, 1], [3, 1], [2, 3, 1], 3],
    ["b cannot write", () => b.write(message(6)), false, [-1, 1, -2], [1, 0, 1], [3, 1], [2, 3, 1], 3],
    ["b hears an old ring", () => b.notified(), false, [-1, 1, -2], [1, 0, 1], [3, 1], [2, 3, 1], 3],
    ["a clears, ACK", () => a.notified(), false, [-1, 1, 0], [0, 2, 1], [3, 2], [2, 3, 1], 3],
    ["b clears, ESTABLISHED", () => b.notified(), true, [0, 0, 0], [0, 2, 0], [4, 2], [2, 3, 1], 3],
    ["a is ESTABLISHED", () => a.notified(), true, [0, 0, 0], [0, 0, 0], [4, 3], [2, 3, 1], 3],
    ["b hears of it", () => b.notified(), true, [0, 0, 0], [0, 0, 0], [4, 3], [2, 3, 1], 3],
    ["b finds it empty", () => b.read(into), false, [0, 0, 0], [0, 0, 0], [4, 3], [2, 3, 1], 3],
    ["a writes: was empty", () => a.write(message(7)), true, [0, 0, 0], [1, 0, 0], [4, 4], [7, 3, 1], 3],
    ["b reads", () => b.read(into), true, [0, 0, 0], [1, 0, 1], [4, 4], [7, 3, 1], 7],
  ];
  const unsigned = (words) => words.map((word) => word >>> 0);
  for (const [what, call, answer, words0, words1, rings, slots, last] of steps) {
    const got = [call(), wordsAt(memory, queue0), wordsAt(memory, queue1)];
    const heard = BELLS.map((bell) => wordsAt(memory, bell)[0]);
    const firsts = [0, 1, 2].map((slot) => new Uint8Array(memory.buffer)[queue1 + 0x80 + slot * frameSize]);
    assert.deepEqual(
      [...got, heard, firsts, into[0]],
      [answer, unsigned(words0), unsigned(words1), rings, slots, last],
      `${what} (${side === 0 ? "a" : "b"} is WebAssembly)`,
    );
  }
  const wanted = new Uint8Array(frameSize);
  wanted.set(message(7));
  assert.deepEqual(into, wanted);
  expectUntouched(memory, [queue0, queue1]);
}

function openOurs(_module, ...rest) {
  return channelEnd(...rest);
}

/** The headers' other bytes must be what they were. */
export function expectUntouched(memory, queues) {
  for (const queue of queues) {
    const header = new Uint8Array(memory.buffer, queue, 0x80);
    header.forEach((byte, i) => {
      if (i >= 8 && (i & ~3) !== 0x40) assert.equal(byte, 0xaa, `byte ${i} of a header`);
    });
  }
}

/**
 * Gives the same random calls to two pairs, of which one has the peer in WebAssembly as an end and the other has two
 * ends of ours. All answers and bytes must be the same after every call.
 *
 * @param module - the compiled peer
 * @param {() => number} random - from 0 to below 1
 * @param {number} calls - how many
 */
export function twins(module, random, calls) {
  const below = (n) => Math.floor(random() * n);
  const [nframes, frameSize] = [1 + below(9), 64 * (1 + below(4))];
  const side = below(2);
  const start = below(40) - 30;
  const byte = below(256);
  const memories = [makeArea(), makeArea()];
  for (const memory of memories) prepare(memory, nframes, frameSize, start, byte);
  const [mixed, ours] = memories.map((memory, i) =>
    [0, 1].map((end) => (i === 0 && end === side ? wasmEnd : openOurs)(module, memory, end, nframes, frameSize)),
  );
  const bytes = memories.map((memory) => Buffer.from(memory.buffer, 0, SCRATCH));
  for (let n = 0; n < calls; n++) {
    const end = below(2);
    const [name, make] = pick(ours, end, frameSize, below);
    const [got, wanted] = [mixed, ours].map((pair) => {
      const data = make?.();
      return [data === undefined ? pair[end][name]() : pair[end][name](data), data];
    });
    const what = `call ${n}, ${name} of end ${end} (WebAssembly is ${side}), ${nframes} frames of ${frameSize}`;
    assert.deepEqual(got, wanted, what);
    if (!bytes[0].equals(bytes[1])) {
      const at = bytes[0].findIndex((value, i) => value !== bytes[1][i]);
      throw new Error(`${what}: byte 0x${at.toString(16)} is ${bytes[0][at]}, expected ${bytes[1][at]}`);
    }
  }
}

/**
 * A call for the end. Data calls of an end whose peer is in a handshake that it has not seen are left out: what it finds
 * then depends on what it has cached, which is left to each end.
 */
function pick(pair, end, frameSize, below) {
  const kind = below(40);
  if (kind === 0) return ["reset"];
  const isOpen = pair[end].isEstablished() && !pair[1 - end].isEstablished();
  if (kind < 8 || isOpen) return ["notified"];
  if (kind < 24) {
    const data = Uint8Array.from({ length: below(frameSize + 1) }, () => below(256));
    return ["write", () => data];
  }
  const length = below(2) ? frameSize : below(frameSize + 1);
  return ["read", () => new Uint8Array(length)];
}
