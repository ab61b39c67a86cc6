import { createChannel } from "ivc-ring";
import { describe, expect, it } from "vitest";
import { Thread } from "./harness.ts";
import { FRAME_SIZE } from "./workers/frames.mjs";

/** Each member for both ends, or as [sender, receiver]. */
interface Streams {
  readonly frames?: number;
  readonly nframes?: number;
  readonly wait?: string | [string, string];
  readonly move?: string | [string, string];
  readonly file?: string | [string, string];
  /** Both ends send and receive. */
  readonly duplex?: boolean;
}

const each = (value: string | [string, string]): [string, string] =>
  typeof value === "string" ? [value, value] : value;

/** Streams between two workers, which verify every frame. */
async function run(options: Streams): Promise<void> {
  const { frames = 100_000, nframes = 64, duplex = false } = options;
  const [waits, moves, files] = [options.wait ?? "default", options.move ?? "copy", options.file ?? "stream.mjs"].map(
    each,
  );
  const watch = createChannel({ nframes, frameSize: FRAME_SIZE });
  const roles = [
    { send: frames, receive: duplex ? frames : 0 },
    { send: duplex ? frames : 0, receive: frames },
  ];
  const threads = roles.map(
    (role, i) =>
      new Thread(
        files?.[i] as string,
        { handle: watch[i], ...role, wait: waits?.[i], move: moves?.[i] },
        { watch, deadline: 50_000 },
      ),
  );
  const reports = await Promise.all(threads.map((thread) => thread.hear()));
  expect(reports).toEqual(roles.map(({ send, receive }) => ({ sent: send, received: receive })));
}

// Slow if other processes leave fewer than two cores to the two threads.
describe("every frame arrives, once, in order and whole", { timeout: 60_000 }, () => {
  it.each<[string, Streams]>([
    ["1,000,000 frames, spinning in waits", { frames: 1_000_000, nframes: 1024, wait: "spin" }],
    ["1,000,000 frames, polling", { frames: 1_000_000, nframes: 1024, wait: "poll" }],
    ["parking at once", { wait: "park" }],
    ["with default waits", { wait: "default" }],
    ["to a consumer that listens", { wait: ["default", "listen"] }],
    ["to a consumer that takes one at a time", { wait: ["default", "listen for one"] }],
    ["between two that listen", { wait: "listen" }],
    ["with async waits", { wait: "async" }],
    ["waiting for interrupts", { wait: "guest.wait" }],
    ["through 1 slot", { nframes: 1, wait: "park" }],
    ["through 1 slot, with default waits", { nframes: 1, frames: 20_000 }],
    ["through 2 slots", { nframes: 2, wait: "park" }],
    ["through 2 slots, with default waits", { nframes: 2, frames: 20_000 }],
    ["through 7 slots", { nframes: 7 }],
    ["in batches", { move: "batches", nframes: 7 }],
    ["in batches, parking", { move: "batches", wait: "park" }],
    ["in place", { move: "in place" }],
    ["in place to copy", { move: ["in place", "copy"], nframes: 7 }],
    ["from polling to parking", { wait: ["poll", "park"] }],
    ["from parking to polling", { wait: ["park", "poll"] }],
    ["both ways at once, with default waits", { duplex: true }],
    ["both ways at once, parking", { duplex: true, wait: "park" }],
    ["both ways at once, waiting for interrupts", { duplex: true, wait: "guest.wait" }],
    ["both ways at once, listening, in batches", { duplex: true, wait: "listen", move: "batches" }],
    ["through the kernel face", { file: "tegra.mjs" }],
    ["from CommonJS to an ES module", { file: ["stream.cjs", "stream.mjs"] }],
    ["from an ES module to CommonJS", { file: ["stream.mjs", "stream.cjs"], wait: "park" }],
  ])("%s", async (_, options) => {
    await run(options);
  });
});

it.each([
  ["by default", {}],
  ["parking", { spin: 0 }],
  ["spinning", { spin: Number.POSITIVE_INFINITY }],
])("in each session frames arrive from the first on, with both ends resetting and waiting %s", async (_, options) => {
  const watch = createChannel({ nframes: 3, frameSize: FRAME_SIZE });
  const done = new SharedArrayBuffer(4);
  const resets = 300;
  const threads = watch.map((handle) => new Thread("resets.mjs", { handle, resets, done, options }, { watch }));
  for (const report of await Promise.all(threads.map((thread) => thread.hear<{ session: number }>()))) {
    expect(report).toMatchObject({ resets, state: "established" });
    expect(report.session).toBeGreaterThanOrEqual(resets);
  }
});
