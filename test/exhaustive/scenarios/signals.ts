/** Frames between guests, one way: each end polls, or spins and parks, with its line masked while it spins. */
import { End, type Step } from "../end.ts";
import type { Scenario } from "../scenario.ts";
import { type Idle, polls, receive, send, waits } from "../steps.ts";
import { makeGuests } from "../worlds.ts";

/** What the ends do when they cannot go on. */
const IDLE: { readonly [name: string]: Idle } = { polls, parks: waits(0), "spins and parks": waits(1) };

function build(nframes: number, ...steps: readonly (readonly Step[])[]): Scenario["build"] {
  return (machine, library) => {
    const queues = [{ id: 0, peers: [0, 1] as const, nframes, frameSize: 64 }];
    const { handles, constants } = makeGuests(machine, library, queues, [0, 1]);
    return {
      constants,
      threads: handles.map((handle, guest) => ({
        name: ["sender", "receiver"][guest] as string,
        guest,
        start: (e) => new End(e, steps[guest] ?? []).attach(handle).reserve(),
      })),
    };
  };
}

export const signals: Scenario[] = [];

/** Batches ring at most once. */
for (const [sender, receiver] of [
  ["polls", "parks"],
  ["parks", "polls"],
  ["spins and parks", "spins and parks"],
] as const) {
  signals.push({
    name: `signals: sender ${sender}, receiver ${receiver}, 4 frames in batches of 2, 2 slots`,
    shows: "no lost wake-up, whoever masks and sleeps",
    sample: receiver === "parks" || receiver === "polls",
    build: build(2, [send.batch(4, 2, IDLE[sender])], [receive.batch(4, 2, IDLE[receiver])]),
  });
}

for (const [sender, receiver, nframes, frames, disturbed] of [
  ["polls", "parks", 1, 3, false],
  ["parks", "polls", 1, 3, false],
  ["parks", "parks", 1, 2, false],
  ["polls", "spins and parks", 1, 3, false],
  ["spins and parks", "polls", 1, 3, false],
  ["spins and parks", "spins and parks", 1, 2, false],
  ["polls", "parks", 2, 4, false],
  ["parks", "polls", 2, 5, false],
  ["polls", "spins and parks", 2, 4, false],
  ["spins and parks", "polls", 2, 5, false],
  ["polls", "parks", 1, 2, true],
  ["parks", "polls", 1, 2, true],
  ["polls", "spins and parks", 1, 2, true],
  ["spins and parks", "polls", 1, 2, true],
  ["parks", "parks", 1, 2, true],
  ["spins and parks", "spins and parks", 1, 3, false],
  ["spins and parks", "spins and parks", 2, 4, false],
  ["parks", "parks", 2, 4, false],
] as const) {
  const how = disturbed ? ", sleeps end early and late" : "";
  signals.push({
    name: `signals: sender ${sender}, receiver ${receiver}, ${frames} frames, ${nframes} slots${how}`,
    shows: "no lost wake-up, whoever masks and sleeps",
    sample: frames < 4,
    spurious: disturbed,
    timeouts: disturbed,
    build: build(nframes, [send.copy(frames, IDLE[sender])], [receive.copy(frames, IDLE[receiver])]),
  });
}
