/**
 * A thread dies before any of its operations; it is said to be down, and another takes its place. The survivor goes on with
 * both, by serving what rings or in waits, and needs neither a restart nor a new handle.
 */
import type { GuestHandle } from "../../../src/hypervisor/handle.ts";
import { End, type Step } from "../end.ts";
import type { Library } from "../library.ts";
import type { Machine } from "../machine.ts";
import type { Scenario, World } from "../scenario.ts";
import { allOf, once, reset, sleep, TIMEOUT, tryReceive, trySend, waitReadable } from "../steps.ts";
import { makeGuests } from "../worlds.ts";

/** What the victim does, after it has opened its end or from then on. */
interface Life {
  readonly opens?: boolean;
  readonly steps: readonly Step[];
  readonly sends?: number;
  readonly resets?: number;
  /** Whether the steps come to an end. */
  readonly ends?: boolean;
  readonly nframes?: number;
  /** Frames that the survivor sends. */
  readonly comes?: number;
  /** Whether it is explored with a survivor in waits, too: that takes many times as many states. */
  readonly inWaits?: boolean;
  /** Whether it is part of the sample. */
  readonly sample?: boolean;
}

const LIVES: { readonly [name: string]: Life } = {
  "as it opens its end": { sample: true, inWaits: true, opens: true, steps: [allOf(sleep)] },
  "as it sends": { sends: 1, steps: [allOf(trySend, sleep)] },
  "as it receives": { comes: 1, steps: [allOf(sleep, tryReceive)] },
  "as it lets go": {
    ends: true,
    nframes: 2,
    sends: 1,
    sample: true,
    steps: [once(trySend.make), once(({ guest }) => guest?.detach())],
  },
  "parked in a wait": { inWaits: true, steps: [allOf(waitReadable)] },
  "as it resets": { resets: 1, steps: [once(reset.make), allOf(sleep)] },
  "as it resets, a frame in flight": {
    sends: 1,
    resets: 1,
    steps: [once(trySend.make), once(reset.make), allOf(sleep)],
  },
};

/** What a survivor does that waits for the news, and then for the link: of which no frame must tell it. */
const TWO_WAITS: readonly Step[] = [
  ({ guest, cookie }) => {
    guest?.wait(TIMEOUT);
    return cookie?.peerDown || cookie?.session !== 0;
  },
  ({ cookie }) => cookie?.waitEstablished(TIMEOUT, { spin: 0 }) === "ready",
];

const SURVIVORS: { readonly [name: string]: Step } = {
  serves: allOf(trySend, sleep, tryReceive),
  waits: allOf(trySend, waitReadable, tryReceive),
};

function world(
  machine: Machine,
  library: Library,
  life: Life,
  survivor: readonly Step[],
  mortal: true | "surely",
  sentAfterwards: number,
): World {
  const { opens = false, ends = false, nframes = 1, steps, sends = 0, resets = 0, comes = 0 } = life;
  const queues = [{ id: 0, peers: [0, 1] as const, nframes, frameSize: 64 }];
  const { handles, constants } = makeGuests(machine, library, queues, [0, 1, 1]);
  const [own, first, second] = handles as unknown as readonly [GuestHandle, GuestHandle, GuestHandle];
  const open = (handle: GuestHandle) => once((end) => end.attach(handle).reserve().goOn());
  const bury = once(({ environment }) => void environment.library.guestDown(first));
  return {
    constants,
    threads: [
      {
        name: "survivor",
        guest: 0,
        start: (e) => new End(e, survivor, { forever: true, sends: comes }).attach(own).reserve(),
      },
      {
        name: "victim",
        guest: 1,
        mortal,
        start: (e) => {
          const end = new End(e, opens ? [open(first), ...steps] : steps, { forever: !ends, sends, resets });
          return opens ? end : end.attach(first).reserve();
        },
      },
      {
        name: "successor",
        guest: 1,
        after: 1,
        start: (e) => new End(e, [bury, open(second), allOf(trySend, sleep)], { forever: true, sends: sentAfterwards }),
      },
    ],
  };
}

export const deaths: Scenario[] = Object.entries(LIVES).flatMap(([when, life]) =>
  Object.entries(life.inWaits ? SURVIVORS : { serves: SURVIVORS["serves"] as Step }).map(([how, survivor]) => ({
    name: `death ${when}, the survivor ${how}`,
    shows: "the link is established again in every fair run, and no frame of a session that ended is delivered",
    sample: life.sample === true && how === "serves",
    build: (machine: Machine, library: Library) => world(machine, library, life, [survivor], true, 1),
  })),
);

deaths.push({
  name: "death parked in a wait, the survivor waits for the news, and then for the link",
  shows: "a wait for the link ends when it is established, whatever rang before",
  sample: true,
  build: (machine, library) =>
    world(
      machine,
      library,
      LIVES["parked in a wait"] as Life,
      [...TWO_WAITS, SURVIVORS["serves"] as Step],
      "surely",
      0,
    ),
});
