/**
 * What a frame costs in garbage and in `Atomics` calls (SPEC §10), measured on the built package. Exits with 1 if a row
 * is over its limit.
 *
 *     node bench/allocation.mjs [--frames 10000000] [--only <part of a row's name>] [--summary]
 *
 * With `--summary`: the rows that the benchmark has targets for, with counters from 0 only, as JSON.
 *
 * How allocation is measured. V8 allocates by moving a pointer through the new space, and `used_heap_size` tells the
 * pointer to the byte; so while no garbage collection runs, growth of the heap *is* allocation, also of objects that are
 * garbage at once. Each row runs in a process of its own, with a new space of 256 MB, and is measured in windows that
 * cannot fill half of it; a collection is forced before each window, and `v8.GCProfiler` counts the collections within: if
 * there was one, the run is void.
 *
 * The loops are warm, but V8 may compile them again, which allocates some 100 kB once; and a window may cost some 20 kB however
 * many frames it has, where V8 makes anew what the collection before it dropped. So each figure is the difference of two
 * windows, of which one has twice the frames of the other, and the result is the 75th percentile of 20 differences or more: it
 * stands for what comes only after the counters passed 2^31 or 2^32, half-way. All that was allocated beyond it is in the
 * column "beyond".
 *
 * Each row runs three times: with counters that start at 0, that pass 2^31 half-way (where they turn negative as 32-bit
 * integers), and that pass 2^32 half-way (where they wrap). V8 keeps integers beyond its small ones as objects, so such a
 * counter could cost garbage only late. (On x64 it costs one compilation at 2^31, and nothing after it.)
 *
 * Three controls must be seen, or the measurement is blind: a loop that does nothing, one that makes a view per frame,
 * and one that boxes one number per frame, which is the smallest thing that V8 allocates.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import v8 from "node:v8";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const NEW_SPACE = 256;
const FLAGS = ["--expose-gc", `--min-semi-space-size=${NEW_SPACE}`, `--max-semi-space-size=${NEW_SPACE}`];
/** Bytes that one window may allocate, and least number of pairs of windows. */
const WINDOW = (NEW_SPACE / 4) * 2 ** 20;
const PAIRS = 20;
/** How often a loop is run before it is measured, and how many frames each time: what is not compiled yet makes garbage. */
const WARM_CALLS = 40;
const WARM_FRAMES = 1000;
const WARM_SHARE = 0.002;
/** Bytes per frame that count as none. */
const NONE = 0.01;
/** Most `Atomics` calls of a read or write with the peer's line masked. */
const ATOMICS = 3;
/** What the counters shall pass half-way. */
const PASSED = [undefined, 2 ** 31, 2 ** 32];

const { values: args } = parseArgs({
  options: {
    frames: { type: "string", default: "10000000" },
    only: { type: "string", default: "" },
    summary: { type: "boolean", default: false },
    row: { type: "string" },
    atomics: { type: "boolean", default: false },
  },
});

/** Calls of `Atomics` functions so far, if they are counted: the library must be loaded after this. */
let calls = 0;
if (args.atomics) {
  const real = globalThis.Atomics;
  const counted = Object.getOwnPropertyNames(real).filter((name) => typeof real[name] === "function");
  globalThis.Atomics = Object.fromEntries(
    counted.map((name) => [
      name,
      (...given) => {
        calls++;
        return real[name](...given);
      },
    ]),
  );
}
const ivc = await import("ivc-ring");
const tegra = await import("ivc-ring/tegra");

/** Words of a queue's header (SPEC §2). */
const TX_COUNT = 0x00 / 4;
const RX_COUNT = 0x40 / 4;

/** Makes a queue look as if `start` frames had gone through it. */
function setCounts(buffer, byteOffset, start) {
  const words = new Int32Array(buffer, byteOffset, 32);
  words[TX_COUNT] = start;
  words[RX_COUNT] = start;
}

/** Two ends in the ring layer alone, without notify. */
function ringEnds(start, nframes, frameSize) {
  const size = 128 + nframes * frameSize;
  const buffer = new SharedArrayBuffer(2 * size);
  setCounts(buffer, 0, start);
  setCounts(buffer, size, start);
  const places = [0, size].map((byteOffset) => ({ buffer, byteOffset }));
  const near = new ivc.IvcChannel({ rx: places[1], tx: places[0], nframes, frameSize });
  const far = new ivc.IvcChannel({ rx: places[0], tx: places[1], nframes, frameSize });
  return { tx: near.tx, rx: far.rx };
}

/** The handles of two guests with one channel. */
function handles(start, nframes, frameSize) {
  const both = ivc.createChannel({ nframes, frameSize });
  const [{ pairs, endpoints }] = both;
  setCounts(pairs[0].area, endpoints[0].rxOffset, start);
  setCounts(pairs[0].area, endpoints[0].txOffset, start);
  return both;
}

/** Two reserved endpoints on this thread; `masked`: no rings for data. */
function guestEnds(start, nframes, frameSize, masked = true) {
  const [near, far] = handles(start, nframes, frameSize).map((handle) => ivc.openChannel(handle));
  for (const end of masked ? [near, far] : []) end.guest.disableIrq(end.irq);
  return { tx: near.tx, rx: far.rx, near, far };
}

/** The same, by the kernel's names. */
function tegraEnds(start, nframes, frameSize) {
  const [tx, rx] = handles(start, nframes, frameSize).map((handle) => {
    const dn = tegra.tegra_hv_probe(handle);
    const ck = tegra.tegra_hv_ivc_reserve(dn, handle.endpoints[0].id, null);
    tegra.disable_irq(dn, ck.irq);
    return ck;
  });
  return { tx, rx };
}

/** Ends the run if a call moved nothing: the loops below leave no room for *not now*. */
function must(moved) {
  if (!moved) throw new Error("nothing moved");
}

function copies({ tx, rx }, sent, received) {
  const data = new Uint8Array(sent);
  const into = new Uint8Array(received);
  return (frames) => {
    for (let i = 0; i < frames; i++) must(tx.write(data) && rx.read(into));
  };
}

function kernelCopies({ tx, rx }, buffer, sent, received) {
  const buf = new Uint8Array(buffer);
  return (frames) => {
    for (let i = 0; i < frames; i++) {
      must(tegra.tegra_hv_ivc_write(tx, buf, sent) === sent);
      must(tegra.tegra_hv_ivc_read(rx, buf, received) === received);
    }
  };
}

function pokesAndPeeks({ tx, rx }, poked, peeked) {
  const data = new Uint8Array(poked);
  const into = new Uint8Array(peeked);
  return (frames) => {
    for (let i = 0; i < frames; i++) must(tx.poke(data, 16) && tx.advance() && rx.peek(into, 16) && rx.advance());
  };
}

function kernelPokesAndPeeks({ tx, rx }, buffer, poked, peeked) {
  const buf = new Uint8Array(buffer);
  return (frames) => {
    for (let i = 0; i < frames; i++) {
      must(tegra.tegra_hv_ivc_write_poke(tx, buf, 16, poked) === 0 && tegra.tegra_hv_ivc_write_advance(tx) === 0);
      must(tegra.tegra_hv_ivc_read_peek(rx, buf, 16, peeked) === 0 && tegra.tegra_hv_ivc_read_advance(rx) === 0);
    }
  };
}

function inPlace({ tx, rx }) {
  return (frames) => {
    for (let i = 0; i < frames; i++) {
      tx.getNextFrame()[0] = i;
      must(tx.advance() && rx.getNextFrame()[0] === (i & 0xff) && rx.advance());
    }
  };
}

function kernelInPlace({ tx, rx }) {
  return (frames) => {
    for (let i = 0; i < frames; i++) {
      tegra.tegra_hv_ivc_write_get_next_frame(tx)[0] = i;
      must(tegra.tegra_hv_ivc_write_advance(tx) === 0);
      must(tegra.tegra_hv_ivc_read_get_next_frame(rx)[0] === (i & 0xff));
      must(tegra.tegra_hv_ivc_read_advance(rx) === 0);
    }
  };
}

function batches({ tx, rx }, size) {
  return (frames) => {
    for (let i = 0; i < frames; i += size) {
      for (let ahead = 0; ahead < size; ahead++) tx.getNextFrame(ahead)[0] = ahead;
      must(tx.advance(size));
      for (let ahead = 0; ahead < size; ahead++) must(rx.getNextFrame(ahead)[0] === ahead);
      must(rx.advance(size));
    }
  };
}

/** Each frame is polled for, and read by a handler. */
function handled({ near, far }) {
  const data = new Uint8Array(64);
  const into = new Uint8Array(64);
  far.guest.requestIrq(far.irq, () => far.rx.read(into));
  far.guest.poll();
  return (frames) => {
    for (let i = 0; i < frames; i++) must(near.tx.write(data) && far.guest.poll() === 1);
  };
}

/** A wait for each frame, which is there already. */
function readyWaits({ near, far }) {
  const data = new Uint8Array(64);
  const into = new Uint8Array(64);
  return (frames) => {
    for (let i = 0; i < frames; i++) {
      must(near.tx.waitWritable(1000) === "ready" && near.tx.write(data));
      must(far.rx.waitReadable(1000) === "ready" && far.rx.read(into));
    }
  };
}

/** A wait for each frame, which seems to come only at the given look: that a spin is so long does not depend on a thread. */
function spinningWaits({ near, far }, looks, options) {
  const data = new Uint8Array(64);
  const { rx } = far;
  const canRead = rx.canRead.bind(rx);
  let look = 0;
  rx.canRead = () => ++look >= looks && canRead();
  return (frames) => {
    for (let i = 0; i < frames; i++) {
      look = 0;
      must(near.tx.write(data) && rx.waitReadable(1000, options) === "ready" && look >= looks && rx.read(data));
    }
  };
}

/** A wait for each frame, which another thread echoes. */
async function echoes(start, spin) {
  const [own, theirs] = handles(start, 64, 64);
  const worker = new Worker(new URL(import.meta.url), { workerData: { handle: theirs, spin } });
  await new Promise((resolve) => worker.once("message", resolve));
  const { tx, rx } = ivc.openChannel(own);
  const options = { spin };
  const data = new Uint8Array(64);
  const run = (frames) => {
    for (let i = 0; i < frames; i++) {
      must(tx.write(data) && rx.waitReadable(10_000, options) === "ready" && rx.read(data));
    }
  };
  return { run, stop: () => worker.terminate() };
}

/** The other thread. */
function echo({ handle, spin }, ready) {
  const { tx, rx } = ivc.openChannel(handle);
  const data = new Uint8Array(64);
  const options = { spin };
  ready();
  while (rx.waitReadable(60_000, options) === "ready") must(rx.read(data) && tx.write(data));
}

/** What the controls allocate, kept where the compiler cannot tell that nobody looks. */
const sink = { value: undefined };

/**
 * `views`: how many views per frame are allowed; undefined: any number. Every frame is one write and one read.
 * `share`: which share of the frames is run. `target`: the benchmark has a target for it.
 */
const ROWS = {
  "control: nothing": {
    views: 0,
    make: () => (frames) => {
      for (let i = 0; i < frames; i++) must(i < frames);
    },
  },
  "control: one view": {
    views: 1,
    make: () => {
      const bytes = new Uint8Array(new SharedArrayBuffer(256));
      return (frames) => {
        for (let i = 0; i < frames; i++) sink.value = bytes.subarray(i & 63, 100);
      };
    },
  },
  "control: one boxed number": {
    make: () => {
      const boxed = [undefined];
      sink.value = boxed;
      return (frames) => {
        for (let i = 0; i < frames; i++) boxed[0] = i + 0.5;
      };
    },
  },
  "ring layer: write, read: 64 of 64": { views: 0, make: (start) => copies(ringEnds(start, 64, 64), 64, 64) },
  "ring layer: write, read: 1024 of 1024": { views: 0, make: (start) => copies(ringEnds(start, 64, 1024), 1024, 1024) },
  "write, read: 64 of 64": { views: 0, target: true, make: (start) => copies(guestEnds(start, 64, 64), 64, 64) },
  "write, read: 64 of 64, in 48 slots": { views: 0, make: (start) => copies(guestEnds(start, 48, 64), 64, 64) },
  "write, read: 64 of 64, unmasked": { views: 0, make: (start) => copies(guestEnds(start, 64, 64, false), 64, 64) },
  "write, read: 256 into 300": { views: 0, make: (start) => copies(guestEnds(start, 64, 256), 256, 300) },
  "getNextFrame, advance": { views: 0, target: true, make: (start) => inPlace(guestEnds(start, 64, 64)) },
  "getNextFrame, advance: batches of 32": {
    views: 0,
    target: true,
    make: (start) => batches(guestEnds(start, 64, 64), 32),
  },
  "write 8 of 64": { views: 0, make: (start) => copies(guestEnds(start, 64, 64), 8, 64) },
  "write 100 of 256": { views: 0, make: (start) => copies(guestEnds(start, 64, 256), 100, 256) },
  "read 8 of 64": { views: 0, make: (start) => copies(guestEnds(start, 64, 64), 64, 8) },
  "read 100 of 256": { views: 1, make: (start) => copies(guestEnds(start, 64, 256), 256, 100) },
  "poke 8, peek 8 of 64": { views: 0, make: (start) => pokesAndPeeks(guestEnds(start, 64, 64), 8, 8) },
  "poke 100, peek 100 of 256": { views: 1, make: (start) => pokesAndPeeks(guestEnds(start, 64, 256), 100, 100) },
  "tegra: write, read: 64 of 64": { views: 0, make: (start) => kernelCopies(tegraEnds(start, 64, 64), 64, 64, 64) },
  "tegra: get_next_frame, advance": { views: 0, make: (start) => kernelInPlace(tegraEnds(start, 64, 64)) },
  "tegra: write 8, read 64; buf 64": { views: 0, make: (start) => kernelCopies(tegraEnds(start, 64, 64), 64, 8, 64) },
  "tegra: write 64, read 8; buf 64": { views: 0, make: (start) => kernelCopies(tegraEnds(start, 64, 64), 64, 64, 8) },
  "tegra: write 256, read 100; buf 256": {
    views: 1,
    make: (start) => kernelCopies(tegraEnds(start, 64, 256), 256, 256, 100),
  },
  "tegra: poke 100, peek 8; buf 256": {
    views: 1,
    make: (start) => kernelPokesAndPeeks(tegraEnds(start, 64, 256), 256, 100, 8),
  },
  "tegra: poke, peek 100; buf 100": {
    views: 1,
    make: (start) => kernelPokesAndPeeks(tegraEnds(start, 64, 256), 100, 100, 100),
  },
  "wait: ready at once": { views: 0, target: true, make: (start) => readyWaits(guestEnds(start, 64, 64, false)) },
  "wait: ready at the 500th look": {
    views: 0,
    target: true,
    share: 0.1,
    make: (start) => spinningWaits(guestEnds(start, 64, 64, false), 500),
  },
  "wait: ready at the 500th look, spin: Infinity": {
    views: 0,
    target: true,
    share: 0.1,
    make: (start) => spinningWaits(guestEnds(start, 64, 64, false), 500, { spin: Infinity }),
  },
  "wait: spinning, echo of a thread": { share: 0.01, make: (start) => echoes(start, Infinity) },
  "wait: parked, echo of a thread": { views: 0, target: true, share: 0.01, make: (start) => echoes(start, 0) },
  "poll, handler reads": { share: 0.1, make: (start) => handled(guestEnds(start, 64, 64, false)) },
};

const usedHeap = () => v8.getHeapStatistics().used_heap_size;

/** Bytes that a call allocates. */
function allocated(run, frames) {
  const profiler = new v8.GCProfiler();
  globalThis.gc();
  profiler.start();
  const before = usedHeap();
  run(frames);
  const after = usedHeap();
  const collections = profiler.stop().statistics.length;
  if (collections > 0) throw new Error(`void: ${collections} garbage collections in a window`);
  return after - before;
}

/** Bytes that a loop allocates per frame, over `frames` frames after `warm` ones; and bytes that it allocates beyond that. */
function measure(run, frames, warm) {
  const nothing = () => undefined;
  for (let i = 1; i < WARM_CALLS; i++) {
    run(warm / WARM_CALLS);
    allocated(nothing, 0);
  }
  const rough = allocated(run, warm / WARM_CALLS) / (warm / WARM_CALLS);
  const step = Math.ceil(Math.min(frames / (3 * PAIRS), WINDOW / 2 / Math.max(rough, 1)));
  const rates = [];
  let total = 0;
  for (let done = 0; done < frames; done += 3 * step) {
    const short = allocated(run, step);
    const long = allocated(run, 2 * step);
    rates.push((long - short) / step);
    total += short + long;
  }
  rates.sort((a, b) => a - b);
  const rate = rates[Math.ceil(rates.length * 0.75) - 1];
  return { rate, beyond: total - rate * 3 * step * rates.length };
}

/** Runs one row, in this process; prints its figures. */
async function runRow({ make, share = 1 }) {
  const frames = Math.ceil(Number(args.frames) * share);
  const warm = WARM_CALLS * Math.max(WARM_FRAMES, Math.ceil(frames * WARM_SHARE));
  const figures = [];
  for (const passed of args.summary ? [undefined] : PASSED) {
    const start = passed === undefined ? 0 : passed - warm - Math.floor(frames / 2);
    const made = await make(start);
    const { run, stop } = typeof made === "function" ? { run: made } : made;
    figures.push(measure(run, frames, warm));
    await stop?.();
  }
  console.log(JSON.stringify(figures));
}

/** Most and mean `Atomics` calls of each function, over a few laps; each of `laps` is called with a counting wrapper. */
function countCalls(functions, lap) {
  const counts = functions.map(() => ({ most: 0, sum: 0, times: 0 }));
  const counting = functions.map((call, i) => () => {
    const before = calls;
    must(call());
    const used = calls - before;
    counts[i].most = Math.max(counts[i].most, used);
    counts[i].sum += used;
    counts[i].times++;
  });
  for (let i = 0; i < 10; i++) lap(...counting);
  return counts.map(({ most, sum, times }) => ({ most, mean: sum / times }));
}

/** Counts `Atomics` calls, in this process; prints the figures. */
function runAtomics() {
  const buf = new Uint8Array(64);
  const verbs = ({ tx, rx }) => [() => tx.write(buf), () => rx.read(buf)];
  const kernel = ({ tx, rx }) => [
    () => tegra.tegra_hv_ivc_write(tx, buf, 64) === 64,
    () => tegra.tegra_hv_ivc_read(rx, buf, 64) === 64,
  ];
  const frames = ({ tx, rx }) => [() => tx.getNextFrame() && tx.advance(), () => rx.getNextFrame() && rx.advance()];
  const oneByOne = (write, read) => {
    for (let i = 0; i < 64; i++) {
      write();
      read();
    }
  };
  const fullLaps = (write, read) => {
    for (let i = 0; i < 64; i++) write();
    for (let i = 0; i < 64; i++) read();
  };
  const rows = [];
  for (const [face, functions, limit] of [
    ["ring layer, no notify", verbs(ringEnds(0, 64, 64)), ATOMICS],
    ["write, read; masked", verbs(guestEnds(0, 64, 64)), ATOMICS],
    ["getNextFrame, advance; masked", frames(guestEnds(0, 64, 64)), ATOMICS],
    ["tegra write, read; masked", kernel(tegraEnds(0, 64, 64)), ATOMICS],
    ["write, read; unmasked", verbs(guestEnds(0, 64, 64, false)), undefined],
  ]) {
    for (const [how, lap] of [
      ["one by one", oneByOne],
      ["full laps", fullLaps],
    ]) {
      const [write, read] = countCalls(functions, lap);
      rows.push({ name: `${face}; ${how}`, write, read, limit });
    }
  }
  console.log(JSON.stringify(rows));
}

/** Runs this file again, with these arguments. */
function child(...given) {
  const file = fileURLToPath(import.meta.url);
  const { stdout, status } = spawnSync(process.execPath, [...FLAGS, file, "--frames", args.frames, ...given], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return status === 0 ? JSON.parse(stdout) : undefined;
}

const number = (value, digits) => value.toFixed(digits).padStart(10);

/** Runs all rows; whether all are within their limits. */
function runAll() {
  const names = Object.keys(ROWS).filter((name) => name.startsWith("control") || name.includes(args.only));
  const width = Math.max(...names.map((name) => name.length));
  console.log(
    `node ${process.version} ${process.arch}, ${Number(args.frames)} frames a column; bytes allocated per frame`,
  );
  console.log(`${"".padEnd(width)}    from 0   across 2^31   across 2^32     limit  beyond, kB`);
  let viewSize = 0;
  let ok = true;
  for (const name of names) {
    const { views } = ROWS[name];
    const figures = child("--row", name);
    const rates = figures?.map(({ rate }) => rate);
    if (name === "control: one view") viewSize = Math.ceil(rates?.[0] ?? 0);
    const limit = views === undefined ? Infinity : views * viewSize + NONE;
    const blind = name.startsWith("control: one") && !rates?.every((rate) => rate >= 8);
    const within = rates?.every((rate) => rate <= limit) && !blind;
    ok &&= within === true;
    const shown = rates?.map((rate) => number(rate, 3)).join("    ") ?? "failed";
    const beyond = Math.max(0, ...(figures ?? []).map((figure) => figure.beyond)) / 1000;
    console.log(`${name.padEnd(width)}${shown}${number(limit, 2)}${number(beyond, 0)}${within ? "" : "  <-- NO"}`);
  }
  if (args.only) return ok;
  console.log(`\nAtomics calls: most (mean)      write             read            limit`);
  const rows = child("--atomics") ?? [];
  for (const { name, write, read, limit = Infinity } of rows) {
    const within = write.most <= limit && read.most <= limit;
    ok &&= within;
    const shown = [write, read].map(({ most, mean }) => `${most} (${mean.toFixed(2)})`.padStart(14)).join("");
    console.log(`${name.padEnd(width + 8)}${shown}${String(limit).padStart(12)}${within ? "" : "  <-- NO"}`);
  }
  return ok && rows.length > 0;
}

/** Runs the rows of the targets; prints their figures. */
function runSummary() {
  const rows = Object.entries(ROWS).filter(([, { target }]) => target);
  const figures = rows.map(([name]) => ({ name, rate: child("--row", name, "--summary")?.[0]?.rate, none: NONE }));
  console.log(JSON.stringify(figures));
}

if (!isMainThread) {
  const { parentPort } = await import("node:worker_threads");
  echo(workerData, () => parentPort.postMessage("ready"));
} else if (args.row) await runRow(ROWS[args.row]);
else if (args.atomics) runAtomics();
else if (args.summary) runSummary();
else process.exitCode = runAll() ? 0 : 1;
