/**
 * The worker of memory.mjs: writes over all shared memory that it was given, without rest, while told to. What it
 * writes is noise, or what hurts: values beside the counts that stand there, states, flags. It rings as well.
 */
import { workerData } from "node:worker_threads";

const { areas, aims, wakes, seed } = workerData;
/** Words of `control`, as in siege.mjs; of the words written the millions, and the rest. */
const [ORDER, STOPPED, MILLIONS, WORDS] = [0, 1, 2, 3];
const control = new Int32Array(workerData.control);
const targets = areas.map(({ buffer, byteOffset, byteLength }) => new Int32Array(buffer, byteOffset, byteLength / 4));
const bells = wakes.map((buffer) => new Int32Array(buffer));

let state = seed | 1;
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

const EDGES = [0, 1, 2, 3, 4, 5, 2 ** 31 - 1, -(2 ** 31), -1, -2];

function value(words) {
  const choice = random() & 7;
  if (choice < 3) return EDGES[random() % EDGES.length];
  if (choice < 7) return (Atomics.load(words, (random() % words.length) & ~15) + (random() % 11) - 5) | 0;
  return random() | 0;
}

/** Noise: every word now and then; the first ones of the cache lines, where the library's are, most of the time. */
function scribble() {
  const words = targets[random() % targets.length];
  const near = random() & 3 ? ~15 : ~0;
  const index = ((random() % words.length) & near) + ((random() & 7) === 0 ? 1 : 0);
  Atomics.store(words, index % words.length, value(words));
}

/** A count of the peer's beside the victim's own one, so that something moves; or a state that lets it. */
function aim() {
  const { area, theirs, own, states } = aims[random() % aims.length];
  const words = targets[area];
  if ((random() & 7) === 0) Atomics.store(words, states, 0);
  else Atomics.store(words, theirs, (Atomics.load(words, own) + (random() % 13) - 6) | 0);
}

function ring() {
  const bell = bells[random() % bells.length];
  Atomics.store(bell, random() & 1 ? 0 : random() % bell.length, value(bell));
  if ((random() & 15) === 0) Atomics.notify(bell, 0);
}

for (let order = 0; ; ) {
  Atomics.store(control, STOPPED, order);
  Atomics.notify(control, STOPPED);
  Atomics.wait(control, ORDER, order);
  let written = 0;
  for (order = Atomics.load(control, ORDER); order & 1; order = Atomics.load(control, ORDER)) {
    for (let i = 0; i < 64; i++) {
      if (random() & 7) aim();
      else scribble();
    }
    for (let i = 0; i < 4; i++) ring();
    written += 68;
  }
  const words = Atomics.load(control, WORDS) + written;
  Atomics.add(control, MILLIONS, Math.floor(words / 1e6));
  Atomics.store(control, WORDS, words % 1e6);
}
