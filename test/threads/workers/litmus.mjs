/**
 * Litmus tests: two threads run a few memory operations each on many instances at once, and see which outcomes there are.
 * Every instance starts with words that differ from `epoch`; what is stored is `epoch`, so "new" is what equals it.
 */

/** How many instances one batch has. */
export const INSTANCES = 64;
/** Widest stride between instances, in words. */
const MAX_STRIDE = 32;
/** Words between instances: within a cache line, across lines, a line each, two lines each. */
const STRIDES = [1, 5, 16, 32];
/** Longest head start of either thread, in turns of an empty loop. */
const MAX_OFFSET = 6000;

const MASKED = 2;

/**
 * Each: what its two threads do, what must never be seen, and what must be. `sides[i](memory, epoch, index)` answers the
 * bits that side saw; an outcome is both of them, as `a.b`. `prepare` is run by side 1 before each batch.
 */
export const TESTS = {
  "message passing: plain payload, then its count": {
    sides: [
      ({ frame, tx }, epoch, at) => {
        frame[at] = epoch;
        Atomics.store(tx, at, epoch);
        return 0;
      },
      ({ frame, tx }, epoch, at) => {
        const counted = Atomics.load(tx, at) === epoch ? 2 : 0;
        return counted + (frame[at] === epoch ? 1 : 0);
      },
    ],
    outcomes: {
      "0.0": "neither seen",
      0.1: "payload before count",
      0.3: "both seen",
    },
    forbidden: { 0.2: "count without payload" },
  },

  "store buffering: both store a count, then load the other's": {
    sides: [
      ({ tx, rx }, epoch, at) => {
        Atomics.store(tx, at, epoch);
        return Atomics.load(rx, at) === epoch ? 1 : 0;
      },
      ({ tx, rx }, epoch, at) => {
        Atomics.store(rx, at, epoch);
        return Atomics.load(tx, at) === epoch ? 1 : 0;
      },
    ],
    outcomes: { 0.1: "only the reader sees", "1.0": "only the writer sees", 1.1: "both see" },
    forbidden: { "0.0": "both saw the old" },
  },

  "the notify test: publish, look at mask and rx.count; consume, unmask, look at tx.count": {
    prepare: ({ mask }, at) => Atomics.or(mask, at, MASKED),
    sides: [
      ({ tx, rx, mask }, epoch, at) => {
        Atomics.store(tx, at, epoch);
        const unmasked = (Atomics.load(mask, at) & MASKED) === 0 ? 2 : 0;
        return unmasked + (Atomics.load(rx, at) === epoch ? 1 : 0);
      },
      ({ tx, rx, mask }, epoch, at) => {
        Atomics.store(rx, at, epoch);
        Atomics.and(mask, at, ~MASKED);
        return Atomics.load(tx, at) === epoch ? 1 : 0;
      },
    ],
    outcomes: {
      0.1: "masked, rx.count old: the reader sees the frame",
      1.1: "masked, rx.count new: the reader sees the frame",
      "3.0": "unmasked, rx.count new: the writer rings",
      3.1: "unmasked, rx.count new: both see",
    },
    forbidden: {
      "0.0": "masked, and the reader saw the old",
      "1.0": "masked, rx.count new, and the reader saw the old",
      "2.0": "unmasked, but rx.count old, and the reader saw the old",
      2.1: "unmasked, but rx.count old",
    },
  },

  /** The negative control: what would be, were the counts not Atomics. */
  "store buffering with plain accesses (negative control)": {
    isControl: true,
    sides: [
      ({ tx, rx }, epoch, at) => {
        tx[at] = epoch;
        return rx[at] === epoch ? 1 : 0;
      },
      ({ tx, rx }, epoch, at) => {
        rx[at] = epoch;
        return tx[at] === epoch ? 1 : 0;
      },
    ],
    outcomes: { 0.1: "only the reader sees", "1.0": "only the writer sees", 1.1: "both see" },
    forbidden: { "0.0": "both saw the old" },
  },
};

/** The memory that both threads share. */
export function newMemory() {
  const words = (length) => new Int32Array(new SharedArrayBuffer(4 * length));
  const places = INSTANCES * MAX_STRIDE;
  return {
    frame: words(places),
    tx: words(places),
    rx: words(places),
    mask: words(places),
    seen: [words(INSTANCES), words(INSTANCES)],
    barrier: words(1),
  };
}

/** Lets both threads go on once both have come. Should one have lost its core, the other does not burn its own. */
function meet({ barrier }, times) {
  Atomics.add(barrier, 0, 1);
  for (let looks = 0; Atomics.load(barrier, 0) < 2 * times; looks++) {
    if (looks > 20_000) Atomics.wait(barrier, 0, 2 * times - 1, 1);
  }
}

/** Runs one side of a test. Side 0 answers how often each outcome was seen. */
export function run(name, side, batches, memory, random, progress) {
  const { sides, prepare } = TESTS[name];
  // A function of its own for each test and side, so that it is compiled for that alone.
  const batch = new Function(
    "operations",
    "memory",
    "seen",
    "INSTANCES",
    `return (epoch, stride) => {
      for (let i = 0; i < INSTANCES; i++) seen[i] = operations(memory, epoch, i * stride);
    };`,
  )(sides[side], memory, memory.seen[side], INSTANCES);
  const histogram = new Float64Array(16);
  let met = 0;
  for (let epoch = 1; epoch <= batches; epoch++) {
    const stride = STRIDES[epoch % STRIDES.length];
    if (side === 1 && prepare) for (let i = 0; i < INSTANCES; i++) prepare(memory, i * stride);
    meet(memory, ++met);
    for (let turns = random() ** 3 * MAX_OFFSET; turns > 0; turns--);
    batch(epoch, stride);
    meet(memory, ++met);
    if (side === 1) continue;
    const [a, b] = memory.seen;
    for (let i = 0; i < INSTANCES; i++) histogram[4 * a[i] + b[i]]++;
    progress?.(epoch * INSTANCES);
  }
  return histogram;
}
