/** What must hold, as ratios inside one run: how many times as fast, at least; or how many times as long, at most. */
import { times } from "./results.mjs";

const COPY = "ivc-ring, copy";
const BATCHES = "ivc-ring, in place, batches of 32";

const faster = (what, work, of, against, least) => ({ what, work, of, against, least });
const within = (what, work, of, against, most) => ({ what, work, of, against, most });

const oneWay = (against, limits) =>
  Object.entries(limits).map(([bytes, least]) =>
    faster(`one way, copy, ${bytes} bytes, against ${against}`, `one way, ${bytes} bytes`, COPY, against, least),
  );

const TARGETS = [
  ...oneWay("ringbuf.js", { 64: 4, 256: 4, 1024: 8, 4096: 16, 65536: 16 }),
  ...oneWay("postMessage, clone", { 64: 30, 1024: 25, 65536: 5 }),
  faster("batches of 32 in place, 64 bytes, against copy", "one way, 64 bytes", BATCHES, COPY, 1.8),
  ...oneWay("floor: loop by hand", { 64: 0.85, 256: 0.9, 1024: 0.9, 4096: 0.95, 65536: 0.95 }),
  within(
    "round trip, spinning, in place, against a hop by hand",
    "round trip, spinning",
    "ivc-ring, in place",
    "floor: hop by hand",
    1.3,
  ),
  within(
    "round trip, parked, against wait and notify",
    "round trip, parked",
    "ivc-ring, parked",
    "floor: wait, notify",
    1.15,
  ),
  within("round trip, event loop, against MessagePort", "round trip, event loop", "ivc-ring", "MessagePort", 1),
  faster("event-loop consumer, against postMessage", "event-loop consumer, 64 bytes", "ivc-ring", "postMessage", 15),
  within("delivery to one line of 1,024, against one of 1", "delivery to one line of", "1024", "1", 1.1),
];

/**
 * How the targets came out on a version of Node.js. Those whose works were not run are left out; one of which a contestant
 * is missing is not held.
 */
export function judge({ works, allocation }, node) {
  const judged = TARGETS.flatMap(({ what, work: name, of, against, least, most }) => {
    const work = works.find((each) => each.name === name);
    if (!work) return [];
    const found = [of, against].map((contestant) =>
      work.entries.find((entry) => entry.contestant === contestant && entry.node === node),
    );
    const ratio = times(work, ...found);
    if (most !== undefined) return [{ what, limit: `≤ ${most}`, measured: ratio, held: ratio <= most }];
    return [{ what, limit: `≥ ${least}`, measured: 1 / ratio, held: 1 / ratio >= least }];
  });
  const rows = allocation?.[node] ?? [];
  for (const { name, rate, none } of rows) {
    judged.push({
      what: `bytes allocated a frame: ${name}`,
      limit: "0",
      measured: rate ?? Number.NaN,
      held: rate <= none,
    });
  }
  return judged;
}
