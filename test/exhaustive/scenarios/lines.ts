/** Ways to take interrupts: one wait for several lines, the event loop, async waits, a wait for one half while another rings. */
import { End, type Step } from "../end.ts";
import type { Actor, Environment, Scenario } from "../scenario.ts";
import { send, TIMEOUT, tryReceive, waits } from "../steps.ts";
import { type Guests, makeGuests } from "../worlds.ts";

/** A thread with several ends of one guest. It is done when each has received its frames. */
class Hub implements Actor {
  readonly ends: readonly End[];
  private readonly frames: number;
  private readonly task: (hub: Hub) => void;
  private begun = false;
  private readonly begin: (hub: Hub) => void;

  constructor(ends: readonly End[], frames: number, begin: (hub: Hub) => void, task: (hub: Hub) => void) {
    this.ends = ends;
    this.frames = frames;
    this.begin = begin;
    this.task = task;
  }

  get first(): End {
    return this.ends[0] as End;
  }

  turn(): boolean {
    if (this.begun) this.task(this);
    else this.begin(this);
    this.begun = true;
    this.first.environment.host.drain();
    for (const end of this.ends) end.rebase();
    return this.ends.every(({ times }) => times >= this.frames);
  }
}

/** The ends of guest 0, which read what there is whenever they are told to. */
function served(environment: Environment, { handles }: Guests): End[] {
  const [handle] = handles as [(typeof handles)[number]];
  const guest = environment.library.attach(handle);
  return handle.endpoints.map(({ id }) => {
    const end = new End(environment, []);
    end.guest = guest;
    return end.reserve(id, {
      rxReady: ({ rx }) => {
        while (rx.canRead()) tryReceive.make(end);
      },
    });
  });
}

const sleeps = ({ first }: Hub): void => void first.guest?.wait(TIMEOUT);
const listens = ({ first }: Hub): void => first.guest?.listen({ spin: 0 });
const listensLonger = ({ first }: Hub): void => first.guest?.listen({ spin: 2 });
const idles = ({ first }: Hub): void => first.environment.recorder.idle();

/** Masks its line, and relies on it again. */
function masksNowAndThen({ first }: Hub): void {
  const { guest } = first;
  const irq = first.cookie?.irq ?? 0;
  guest?.disableIrq(irq);
  guest?.enableIrq(irq);
  guest?.wait(TIMEOUT);
}

/** Waits for the halves in turn; a handler is not called meanwhile. */
function waitsInTurn({ ends }: Hub): void {
  const end = ends.find(({ times }) => times === 0);
  if (end?.cookie?.rx.waitReadable(TIMEOUT, { spin: 0 }) === "ready") tryReceive.make(end);
}

/** Waits for a frame on the event loop, reads what there is, and waits again. */
function waitsAsync({ first }: Hub): void {
  const { rx } = first.cookie as NonNullable<End["cookie"]>;
  rx.waitReadableAsync(TIMEOUT, { spin: 0 }).then(() => {
    while (rx.canRead()) tryReceive.make(first);
    if (first.times < 2) waitsAsync({ first } as Hub);
  });
}

/** A hub with an endpoint for each of its peers, and how many frames each of them sends. */
interface Case {
  readonly name: string;
  readonly peers: readonly number[];
  readonly frames: number;
  readonly sender: Step;
  readonly begin: (hub: Hub) => void;
  readonly task: (hub: Hub) => void;
  readonly sample: boolean;
  /** Whether timers come, too. */
  readonly timeouts?: boolean;
}

const polling = (frames: number): Pick<Case, "frames" | "sender"> => ({ frames, sender: send.copy(frames) });
const parking = (frames: number): Pick<Case, "frames" | "sender"> => ({ frames, sender: send.copy(frames, waits(0)) });

const CASES: readonly Case[] = [
  { name: "one wait for two lines", peers: [1, 2], ...polling(1), begin: sleeps, task: sleeps, sample: true },
  {
    name: "one wait for two lines, 2 frames each",
    peers: [1, 2],
    ...polling(2),
    begin: sleeps,
    task: sleeps,
    sample: false,
  },
  {
    name: "a blocking wait while another line rings",
    peers: [1, 2],
    ...polling(1),
    begin: waitsInTurn,
    task: waitsInTurn,
    sample: true,
  },
  {
    name: "a line masked now and then",
    peers: [1],
    ...parking(3),
    begin: masksNowAndThen,
    task: masksNowAndThen,
    sample: true,
  },
  { name: "the event loop serves a line", peers: [1], ...parking(3), begin: listens, task: idles, sample: true },
  {
    name: "the event loop spins, and serves a line",
    peers: [1],
    ...parking(2),
    begin: listensLonger,
    task: idles,
    sample: true,
  },
  {
    name: "the event loop serves a line, and looks at all now and then",
    peers: [1],
    ...parking(2),
    begin: listens,
    task: idles,
    sample: true,
    timeouts: true,
  },
  { name: "the event loop serves two lines", peers: [1, 2], ...polling(1), begin: listens, task: idles, sample: true },
  { name: "async waits", peers: [1], ...parking(2), begin: waitsAsync, task: idles, sample: true },
];

export const lines: Scenario[] = CASES.map(
  ({ name, peers, frames, sender, begin, task, sample, timeouts = false }) => ({
    name,
    shows: "no ring is lost, whichever way it is taken",
    sample,
    timeouts,
    build: (machine, library) => {
      const queues = peers.map((peer, id) => ({ id, peers: [0, peer] as const, nframes: 1, frameSize: 64 }));
      const vmids = [0, ...peers];
      const guests = makeGuests(machine, library, queues, vmids);
      return {
        constants: guests.constants,
        wakeWord: (thread) => guests.wakeWord(vmids[thread] as number),
        threads: guests.handles.map((handle, thread) => ({
          name: thread === 0 ? "hub" : `peer ${thread}`,
          guest: vmids[thread] as number,
          start: (e) =>
            thread === 0
              ? new Hub(served(e, guests), frames, begin, task)
              : new End(e, [sender]).attach(handle).reserve(handle.endpoints[0]?.id),
        })),
      };
    },
  }),
);
