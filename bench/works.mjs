/**
 * What is measured, and on whom. A work has a list of contestants; each is run as `task` of a module, with the work's
 * parameters and its own. `figure` says what of a round's answer counts.
 */

/** Slots for each frame size: 64 KiB to 1 MiB a queue, for every contestant that has a size to choose. */
const SLOTS = { 64: 1024, 256: 512, 1024: 256, 4096: 64, 65536: 16 };

/** JSON has no Infinity: so many looks never end. */
const SPIN = { options: { spin: Number.MAX_SAFE_INTEGER } };
const PARK = { options: { spin: 0 } };

const ivc = (file, task, params) => ({ module: `contestants/${file}.mjs`, task, params });
const floor = (task) => ({ module: "contestants/floors.mjs", task });
const post = (task) => ({ module: "contestants/post-message.mjs", task });
const rival = (file, task, flags) => ({ module: `rivals/${file}.mjs`, task, flags });
const multithreading = (task) =>
  rival("multithreading", task, ["--import", new URL("rivals/node-20.mjs", import.meta.url).href]);
const native = (queue) => ({ native: queue });

const oneWay = (frameSize) => ({
  name: `one way, ${frameSize} bytes`,
  plot: "one way",
  params: { frameSize, nframes: SLOTS[frameSize] },
  contestants: {
    "ivc-ring, copy": ivc("ivc-ring", "copy"),
    "ivc-ring, in place": ivc("ivc-ring", "inPlace"),
    "ivc-ring, in place, batches of 32": ivc("ivc-ring", "batch"),
    ...(frameSize === 64 && { "ivc-ring, copy, after all other uses": ivc("ivc-ring", "copyAfterAll") }),
    "ringbuf.js": rival("ringbuf", "copy"),
    "postMessage, clone": post("clone"),
    "postMessage, transfer": post("transfer"),
    "thread-stream": rival("thread-stream", "lines"),
    multithreading: multithreading("blocking"),
    "floor: loop by hand": floor("loop"),
    "C++: boost spsc_queue": native("boost"),
    "C++: moodycamel ReaderWriterQueue": native("moodycamel"),
    "C++: cached counts": native("cached"),
    "C++: batches of 32": native("batch"),
  },
});

const paced = (name, burst, every) => ({
  name,
  figure: "p50",
  stretch: 4,
  params: { frameSize: 64, nframes: 1024, burst, every },
  contestants: {
    "ivc-ring, spinning": ivc("ivc-ring-pace", "waiting", SPIN),
    "ivc-ring, waiting": ivc("ivc-ring-pace", "waiting"),
    "ivc-ring, parked": ivc("ivc-ring-pace", "waiting", PARK),
    "ivc-ring, event loop": ivc("ivc-ring-pace", "listening"),
    postMessage: post("listening"),
  },
});

const small = { frameSize: 64, nframes: 64 };

export const WORKS = [
  ...Object.keys(SLOTS).map((frameSize) => oneWay(Number(frameSize))),
  {
    name: "round trip, spinning",
    params: small,
    contestants: {
      "ivc-ring, in place": ivc("ivc-ring-trips", "inPlace", SPIN),
      "ivc-ring, copy": ivc("ivc-ring-trips", "copy", SPIN),
      "ringbuf.js": rival("ringbuf", "roundTrip"),
      "floor: hop by hand": floor("hop"),
      "floor: one word": floor("word"),
    },
  },
  {
    name: "round trip, parked",
    params: small,
    contestants: {
      "ivc-ring, parked": ivc("ivc-ring-trips", "copy", PARK),
      "ivc-ring, waiting": ivc("ivc-ring-trips", "copy"),
      multithreading: multithreading("roundTrip"),
      "floor: wait, notify": floor("waitNotify"),
    },
  },
  {
    name: "round trip, event loop",
    figure: "p50",
    params: small,
    contestants: {
      "ivc-ring": ivc("ivc-ring-trips", "eventLoop"),
      MessagePort: post("roundTrip"),
    },
  },
  {
    name: "event-loop consumer, 64 bytes",
    params: { frameSize: 64, nframes: 1024 },
    contestants: {
      "ivc-ring": ivc("ivc-ring", "eventLoop"),
      postMessage: post("clone"),
      "thread-stream": rival("thread-stream", "lines"),
    },
  },
  {
    name: "both directions at once, 64 bytes",
    params: { frameSize: 64, nframes: 1024 },
    contestants: {
      "ivc-ring": ivc("ivc-ring-trips", "bothWays"),
      "ringbuf.js": rival("ringbuf", "bothWays"),
      postMessage: post("bothWays"),
    },
  },
  {
    name: "delivery to one line of",
    params: small,
    contestants: Object.fromEntries(
      [1, 64, 1024].map((channels) => [String(channels), ivc("ivc-ring-lines", "poll", { channels })]),
    ),
  },
  paced("one frame every 100 µs", 1, 0.1),
  paced("32 frames every ms", 32, 1),
  {
    name: "start-up, to the first frame",
    fresh: true,
    contestants: {
      "ivc-ring": { module: "contestants/start-up.mjs", task: "ivcRing" },
      postMessage: { module: "contestants/start-up.mjs", task: "postMessage" },
    },
  },
];
