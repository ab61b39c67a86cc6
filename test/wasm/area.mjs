/** The shared memory of a pair of ends: two queues as SPEC §2 lays them out, and beside them what is not on the wire. */

/** Its size, in WebAssembly pages. */
export const PAGES = 2;

/** A word of each end: its peer adds 1 to ring it. */
export const BELLS = [0x400, 0x440];
/** How many ends are ready to start. */
export const READY = 0x480;
/** Queue 0, in which end 0 receives; queue 1 follows it. */
const QUEUES = 0x1000;
/** From here on, memory of the WebAssembly instance alone. */
export const SCRATCH = 0x8000;

/** A fresh area. */
export function makeArea() {
  return new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
}

/** Offsets of the queues, in bytes. */
export function queuesOf(nframes, frameSize) {
  return [QUEUES, QUEUES + 0x80 + nframes * frameSize];
}

/** Fills everything in reach of both ends with `byte`, then sets all words of the wire: both queues empty after `count` frames. */
export function prepare(memory, nframes, frameSize, count, byte) {
  new Uint8Array(memory.buffer, 0, SCRATCH).fill(byte);
  for (const queue of queuesOf(nframes, frameSize)) setWords(memory, queue, [count, 0, count]);
  new Uint32Array(memory.buffer, BELLS[0], 1)[0] = 0;
  new Uint32Array(memory.buffer, BELLS[1], 1)[0] = 0;
  new Uint32Array(memory.buffer, READY, 1)[0] = 0;
}

/** `tx.count`, `tx.state` and `rx.count` of a queue. */
export function wordsAt(memory, queue) {
  const words = new DataView(memory.buffer, queue, 0x80);
  return [0x00, 0x04, 0x40].map((offset) => words.getUint32(offset, true));
}

function setWords(memory, queue, values) {
  const words = new DataView(memory.buffer, queue, 0x80);
  for (const [i, offset] of [0x00, 0x04, 0x40].entries()) words.setUint32(offset, values[i], true);
}
