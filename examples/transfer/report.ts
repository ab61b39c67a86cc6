/** What is printed at the end. */
import type { Histogram } from "node:perf_hooks";
import Table from "cli-table3";
import type { Passage } from "./ring.ts";
import { count, microseconds } from "./units.ts";

/** The file's way to the worker and back by one means. */
export interface Way {
  readonly to: Passage;
  readonly back: Passage;
  /** SHA-256 of what the worker saw. */
  readonly seen: Uint8Array;
  /** SHA-256 of what came back. */
  readonly returned: Uint8Array;
}

export interface Results {
  readonly bytes: number;
  readonly frameSize: number;
  /** SHA-256 of what was sent. */
  readonly sent: Uint8Array;
  readonly byRing: Way;
  readonly byPostMessage: Way;
  /** Round trips, in ns. */
  readonly spinning: Histogram;
  readonly parking: Histogram;
}

/** With fewer frames, starting and stopping takes longer than moving them. */
const FEWEST_FRAMES = 1000;

/** Prints the results. Whether all hashes are equal. */
export function report(results: Results): boolean {
  console.log(throughput(results));
  console.log(roundTrips(results));
  console.log(comparison(results));
  return reportHashes(results);
}

function throughput({ bytes, frameSize, byRing, byPostMessage }: Results): string {
  const frames = Math.ceil(bytes / frameSize);
  const table = newTable(["", "MB/s", "frames/s", "frames moved", "rings sent"]);
  const add = (name: string, { ms, rings }: Passage): void => {
    const seconds = ms / 1e3;
    table.push([
      name,
      count(bytes / 1e6 / seconds),
      count(frames / seconds),
      count(frames),
      rings === undefined ? "–" : count(rings),
    ]);
  };
  add("ring, to the worker", byRing.to);
  add("ring, back", byRing.back);
  add("postMessage, to the worker", byPostMessage.to);
  add("postMessage, back", byPostMessage.back);
  return table.toString();
}

function roundTrips({ spinning, parking }: Results): string {
  const table = newTable(["round trip of 64 bytes", "p50", "p99", "measured"]);
  const add = (name: string, histogram: Histogram): void => {
    const { count: trips } = histogram;
    table.push([name, microseconds(histogram.percentile(50)), microseconds(histogram.percentile(99)), count(trips)]);
  };
  add("spinning", spinning);
  add("parking", parking);
  return table.toString();
}

function comparison({ bytes, frameSize, byRing, byPostMessage }: Results): string {
  if (bytes < FEWEST_FRAMES * frameSize) return "ring against postMessage: too few frames to compare";
  const times = (ours: number, theirs: number): string => (theirs / ours).toFixed(1);
  const to = times(byRing.to.ms, byPostMessage.to.ms);
  const back = times(byRing.back.ms, byPostMessage.back.ms);
  const both = times(byRing.to.ms + byRing.back.ms, byPostMessage.to.ms + byPostMessage.back.ms);
  return `ring against postMessage, same chunks: ${both} times as fast (${to} to the worker, ${back} back)`;
}

function reportHashes({ sent, byRing, byPostMessage }: Results): boolean {
  const hashes = [
    ["sent", sent],
    ["seen by the worker, ring", byRing.seen],
    ["returned, ring", byRing.returned],
    ["seen by the worker, postMessage", byPostMessage.seen],
    ["returned, postMessage", byPostMessage.returned],
  ] as const;
  for (const [name, hash] of hashes) console.log(`SHA-256 ${Buffer.from(hash).toString("hex")}  ${name}`);
  const equal = hashes.every(([, hash]) => Buffer.compare(hash, sent) === 0);
  console.log(equal ? "hashes equal" : "HASHES DIFFER");
  return equal;
}

/** Names to the left, figures to the right; no colours, and no lines between the rows. */
function newTable(head: string[]): Table.Table {
  const colAligns = head.map((_, column) => (column === 0 ? "left" : "right") as "left" | "right");
  const chars = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };
  return new Table({ head, colAligns, chars, style: { head: [], border: [] } });
}
