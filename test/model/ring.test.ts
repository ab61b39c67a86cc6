/** The ring layer against plain arrays: two endpoints over one buffer, every interleaving of every call (SPEC §2–§5). */
import { test } from "@fast-check/vitest";
import * as fc from "fast-check";
import { IvcChannel } from "../../src/index.ts";
import { geometry, openedQueue, type Placement, pattern, placement, runs, TIMEOUT } from "./arbitraries.ts";
import { agree, agreeOnBytes, Lockstep } from "./lockstep.ts";
import { EndModel, type Geometry, QueueModel, type QueueStart, queueSize } from "./model.ts";
import { Step, verbs } from "./verbs.ts";

type Side = 0 | 1;

interface Setup {
  readonly geometry: Geometry;
  readonly placement: Placement;
  /** Queue 0 is the one that end 0 receives in. */
  readonly queues: readonly [QueueStart, QueueStart];
  /** What unused bytes hold. */
  readonly garbage: number;
  /** Whether each end is given a notify function. */
  readonly rings: readonly [boolean, boolean];
}

const setup: fc.Arbitrary<Setup> = geometry.chain((geometry) =>
  fc.record({
    geometry: fc.constant(geometry),
    placement: placement(geometry),
    queues: fc.tuple(openedQueue(geometry), openedQueue(geometry)),
    garbage: fc.nat(255),
    rings: fc.constantFrom<[boolean, boolean][]>([true, true], [true, true], [true, false], [false, false]),
  }),
);

/** Both endpoints, and their models over a copy of the memory. */
class Ring {
  readonly ends: [Lockstep, Lockstep];
  private readonly setup: Setup;
  private readonly memory: SharedArrayBuffer;
  private readonly real: Uint8Array;
  private readonly expected: Uint8Array;
  private readonly rung: [number, number] = [0, 0];
  private readonly expectedRings: [number, number] = [0, 0];

  constructor(setup: Setup) {
    this.setup = setup;
    const { placement, geometry, queues } = setup;
    const { offsets, byteLength } = placement;
    this.expected = pattern(byteLength, setup.garbage);
    const models = queues.map((start, i) => {
      const offset = offsets[i] as number;
      return new QueueModel(this.expected.subarray(offset, offset + queueSize(geometry)), geometry, start);
    });
    this.memory = new SharedArrayBuffer(byteLength);
    this.real = new Uint8Array(this.memory);
    this.real.set(this.expected);
    const end = (side: Side): Lockstep => {
      const [rx, tx] = [side, 1 - side];
      const { txPosition } = queues[tx] as QueueStart;
      const { rxPosition } = queues[rx] as QueueStart;
      const model = new EndModel(models[tx] as QueueModel, models[rx] as QueueModel, txPosition, rxPosition, () => {
        if (setup.rings[side]) this.expectedRings[side]++;
      });
      return new Lockstep(this.open(side), model);
    };
    this.ends = [end(0), end(1)];
  }

  private open(side: Side): IvcChannel {
    const { geometry, placement, rings } = this.setup;
    const place = (queue: number) => ({ buffer: this.memory, byteOffset: placement.offsets[queue] as number });
    const notify = rings[side] ? () => void this.rung[side]++ : undefined;
    return new IvcChannel({ rx: place(side), tx: place(1 - side), ...geometry, notify });
  }

  /** Whether a new owner would find the positions of an end from its counts alone (SPEC §3). */
  canReopen(side: Side): boolean {
    const { model } = this.ends[side];
    const { nframes } = this.setup.geometry;
    return model.txPosition === model.tx.txCount % nframes && model.rxPosition === model.rx.rxCount % nframes;
  }

  reopen(side: Side): void {
    this.ends[side] = new Lockstep(this.open(side), this.ends[side].model);
  }

  /** Interrupts at both ends until nothing is left to do. */
  settle(): void {
    while (this.ends.some((end) => end.model.nextState !== undefined)) for (const end of this.ends) end.notified();
  }

  check(): void {
    agreeOnBytes("memory", this.real, this.expected);
    for (const side of [0, 1] as const) {
      this.ends[side].check();
      agree(`rings of end ${side}`, this.rung[side], this.expectedRings[side]);
    }
  }

  /** Resets one end and steps for each ring until nobody rings; how many rings that took. */
  countRingsOfReset(side: Side): number {
    const before = this.rung[0] + this.rung[1];
    const taken = [...this.rung];
    this.ends[side].reset();
    for (let quiet = false; !quiet; ) {
      quiet = true;
      for (const to of [0, 1] as const) {
        const from = 1 - to;
        if (taken[from] === this.rung[from]) continue;
        taken[from] = this.rung[from] as number;
        this.ends[to].notified();
        quiet = false;
      }
    }
    return this.rung[0] + this.rung[1] - before;
  }
}

const side = fc.constantFrom<Side[]>(0, 1);

/** Runs without resets are as frequent as runs with them: else few would reach a wrap. */
function commands(geometry: Geometry, resets: boolean): fc.Arbitrary<Iterable<fc.Command<Ring, undefined>>> {
  const on = (what: string, act: (ring: Ring, side: Side) => void, possible?: (ring: Ring, side: Side) => boolean) =>
    side.map(
      (side) =>
        new Step<Ring>(
          `end ${side}: ${what}`,
          (ring) => act(ring, side),
          (ring) => possible?.(ring, side) ?? true,
        ),
    );
  const notified = on("notified", (ring, side) => ring.ends[side].notified());
  return fc.commands(
    [
      ...verbs(geometry).map((verb) =>
        fc
          .tuple(side, verb)
          .map(([side, { label, run }]) => new Step<Ring>(`end ${side}: ${label}`, (ring) => run(ring.ends[side]))),
      ),
      ...(resets ? [on("reset", (ring, side) => ring.ends[side].reset()), notified] : []),
      notified,
      on("settle", (ring) => ring.settle()),
      on(
        "reopen",
        (ring, side) => ring.reopen(side),
        (ring, side) => ring.canReopen(side),
      ),
    ],
    { maxCommands: 100, size: "max" },
  );
}

const run = fc
  .tuple(setup, fc.boolean())
  .chain(([setup, resets]) => fc.record({ setup: fc.constant(setup), commands: commands(setup.geometry, resets) }));

test.prop([run], runs(1500))(
  "two endpoints do what plain arrays do",
  ({ setup, commands }) => fc.modelRun(() => ({ model: new Ring(setup), real: undefined }), commands),
  TIMEOUT,
);

test.prop([run, side], runs(300))(
  "a lone reset takes exactly four notifications",
  ({ setup, commands }, side) => {
    const ring = new Ring({ ...setup, rings: [true, true] });
    fc.modelRun(() => ({ model: ring, real: undefined }), commands);
    ring.settle();
    agree("rings", ring.countRingsOfReset(side), 4);
    for (const { model } of ring.ends) agree("established", model.established, true);
    ring.check();
  },
  TIMEOUT,
);
