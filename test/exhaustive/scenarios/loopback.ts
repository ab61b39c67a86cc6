/** An end in loopback echoes to its peer, whole and in order, and goes on when there is room again. */
import { End, type Step } from "../end.ts";
import type { Scenario } from "../scenario.ts";
import { allOf, type Idle, once, polls, receive, send, sleep, waits } from "../steps.ts";
import { makeGuests } from "../worlds.ts";

const turnOn: Step = once(({ cookie }) => cookie?.setLoopback(true));

const PEERS: { readonly [name: string]: Idle } = { polls, parks: waits(0) };

export const loopback: Scenario[] = [];

for (const nframes of [1, 2]) {
  for (const [how, idle] of Object.entries(nframes === 1 ? PEERS : { polls })) {
    // As many as both queues hold, so that the echo has to stop.
    const frames = 2 * nframes;
    loopback.push({
      name: `loopback, ${nframes} slots, the peer ${how}`,
      sample: nframes === 1,
      shows: "every frame comes back, also after there was no room for it",
      build: (machine, library) => {
        const queues = [{ id: 0, peers: [0, 1] as const, nframes, frameSize: 64 }];
        const { handles, constants } = makeGuests(machine, library, queues, [0, 1]);
        const steps = [
          [turnOn, allOf(sleep)],
          [send.copy(frames, idle), receive.copy(frames, idle)],
        ];
        return {
          constants,
          threads: handles.map((handle, guest) => ({
            name: ["echo", "peer"][guest] as string,
            guest,
            start: (e) => new End(e, steps[guest] as Step[], { forever: guest === 0 }).attach(handle).reserve(),
          })),
        };
      },
    });
  }
}
