/**
 * How a round begins: only when both threads run, each on a core of its own. One that was just woken may find itself on the
 * other's core, and wait there for milliseconds until the system moves one of them.
 */
/** How often the threads take turns in one try. */
const TRIPS = 8;
/** It went well within so many ms. Two threads on one core take milliseconds for so many trips; far cores 8 µs. */
const SOON = 0.03;
/** Longest try, in ms: there may be one core only. */
const PATIENCE = 50;
/** What the word says when the round begins. */
const GO = -1;

/**
 * The near thread's part, after it set the word to 0 and called the far one: takes turns with it until it answers as fast as
 * only a thread that runs can.
 */
export function meet(words) {
  const end = performance.now() + PATIENCE;
  let took = Number.POSITIVE_INFINITY;
  for (let turn = 1; took > SOON && performance.now() < end; ) {
    const start = performance.now();
    for (let i = 0; i < TRIPS; i++, turn += 2) {
      Atomics.store(words, 0, turn);
      while (Atomics.load(words, 0) === turn);
    }
    took = performance.now() - start;
  }
  Atomics.store(words, 0, GO);
}

/** The far thread's part. */
export function answer(words) {
  for (let turn = Atomics.load(words, 0); turn !== GO; turn = Atomics.load(words, 0)) {
    if (turn % 2 === 1) Atomics.store(words, 0, turn + 1);
  }
}
