/** One end of a stream of minimal frames, in place and in batches, as fast as it goes: one word of a frame is all that is used. */
import { workerData } from "node:worker_threads";
import { IvcChannel } from "ivc-ring";
import { FRAME_SIZE } from "./frames.mjs";

const BATCH = 256;

const { role, buffer, told, frames } = workerData;
const nframes = (buffer.byteLength / 2 - 0x80) / FRAME_SIZE;
const places = [0, buffer.byteLength / 2].map((byteOffset) => ({ buffer, byteOffset }));
const [tx, rx] = role === 0 ? places : places.toReversed();
const channel = new IvcChannel({ rx, tx, nframes, frameSize: FRAME_SIZE });
const nap = new Int32Array(new SharedArrayBuffer(4));

/** Moves frames in batches until all are moved. The other thread may want the core while there is nothing to do. */
function move(half, visit) {
  for (let seq = 0, idle = 0; seq < frames; ) {
    const count = Math.min(BATCH, half.framesAvailable(), frames - seq);
    for (let i = 0; i < count; i++) visit(half.getNextFrame(i), (seq + i) | 0);
    if (count > 0) {
      half.advance(count);
      seq += count;
      told[role] = seq;
      idle = 0;
    } else if (++idle > 1000) {
      Atomics.wait(nap, 0, 0, 0.1);
    }
  }
}

function fill(frame, word) {
  frame[0] = word;
  frame[1] = word >> 8;
  frame[2] = word >> 16;
  frame[3] = word >> 24;
}

function check(frame, word) {
  const found = frame[0] | (frame[1] << 8) | (frame[2] << 16) | (frame[3] << 24);
  if (found !== word) throw new Error(`expected frame ${word >>> 0}, got ${found >>> 0}`);
}

if (role === 0) move(channel.tx, fill);
else move(channel.rx, check);
