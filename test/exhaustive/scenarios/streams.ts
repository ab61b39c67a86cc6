/** Frames in one direction of a bare channel, between ends that poll, or in both at once. */
import { End, type Step } from "../end.ts";
import type { Scenario } from "../scenario.ts";
import { receive, send } from "../steps.ts";
import { bareChannel } from "../worlds.ts";

/** Counts to start from: so that they cross zero, the sign, and the end of their range. */
const STARTS = { "0": 0, "2^31": 2 ** 31 - 2, "2^32": 2 ** 32 - 2 };

interface Ways {
  readonly [name: string]: readonly [sends: Step, receives: Step];
}

const WAYS: Ways = {
  copy: [send.copy(8), receive.copy(8)],
  "in place": [send.inPlace(8), receive.inPlace(8)],
  "batches of 3": [send.batch(8, 3), receive.batch(8, 3)],
  "copy into batches": [send.copy(8), receive.batch(8, 4)],
  "batches into copies": [send.batch(8, 4), receive.copy(8)],
};

const PARTS: Ways = {
  "poke and peek": [send.poke(8), receive.peek(8)],
  "poke and read": [send.poke(8), receive.copy(8)],
  "short writes": [send.short(8), receive.short(8)],
};

function scenario(nframes: number, start: number, cells: number, sends: Step, receives: Step): Scenario["build"] {
  return (machine) => {
    const bare = bareChannel(machine, nframes, start, cells);
    return {
      constants: [],
      threads: [
        { name: "sender", guest: 0, start: (e) => new End(e, [sends]).bare(bare.open(e.library, 0)) },
        { name: "receiver", guest: 1, start: (e) => new End(e, [receives]).bare(bare.open(e.library, 1)) },
      ],
    };
  };
}

export const streams: Scenario[] = [];

for (const nframes of [1, 2, 3, 4]) {
  for (const [from, start] of Object.entries(STARTS)) {
    for (const [cells, ways] of [WAYS, PARTS].entries()) {
      for (const [way, [sends, receives]] of Object.entries(ways)) {
        streams.push({
          name: `stream, ${way}, ${nframes} slots, from ${from}`,
          shows: "FIFO, no loss, no tear, no early read, no early overwrite",
          sample: true,
          build: scenario(nframes, start, cells + 1, sends, receives),
        });
      }
    }
  }
}
