/**
 * SPEC §9 while handlers and ops move frames: whatever the peer answers, and even if it always has more, a turn calls each
 * once, and takes as many operations as a turn takes and the frames that the handlers move.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { SLICE } from "../../src/hypervisor/interrupts.ts";
import type * as Memory from "../../src/memory.ts";
import { adversary } from "./adversary.ts";
import { besiegeInWindows } from "./guest-siege.ts";
import { type Setup, stopTheClock, TICK, World } from "./guest-world.ts";
import { AGAIN, called, echoes, KINDS, LOOK, OOPS, SERVE, tally, throwing } from "./handlers.ts";
import type { Verb } from "./verbs.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { besieged } = await import("./besieged.ts");
  return besieged(await original<typeof Memory>());
});

beforeAll(stopTheClock);

/** A poll that looks at all lines, and the step of whose one line establishes the link at the second attempt. */
const TURN = LOOK + SERVE;
/** What happens instead of frames if a queue is over-full: the step goes well; the count, a reset, and its ring. */
const HEALED = LOOK + SERVE - AGAIN + 1 + 2 + 4;

/** Serves lines, and holds what the handlers did against it. */
const verbOf = (name: string, serve: (world: World) => number, bound: number): Verb<World> => ({
  call(world) {
    try {
      return serve(world);
    } catch (error) {
      if (error !== OOPS) throw error;
      return "thrown";
    }
  },
  answers(answer) {
    const thrown = throwing(name) && tally.irq + tally.rxReady > 0;
    return called() <= 1 && (thrown ? answer === "thrown" : [0, 1, 2].includes(answer as number));
  },
  publishes: () => tally.published,
  consumes: () => tally.consumed,
  resets: true,
  bound,
});

/** The link is being established, is so, or waits for the peer. The first is where a turn has most to do. */
const SCENES: readonly Setup[] = [{ own: "sync", peer: "ack" }, { own: "established" }, { own: "ack", peer: "sync" }];
/** In all of them the peer is greedy, has rung, and every line is looked at. */
const scenes = (name: string, nframes: number): Setup[] =>
  SCENES.map((scene) => ({
    ...scene,
    nframes,
    handlers: KINDS[name]!.handlers,
    greedy: true,
    rung: true,
    slice: true,
  }));

describe.each(Object.keys(KINDS))("%s", (name) => {
  const { handlers, cost } = KINDS[name]!;
  const poll = ({ guest }: World): number => guest.poll();

  test.each([1, 2, 3])("in poll, on %i frames, with the peer free in any fetch", (nframes) => {
    const verb = verbOf(name, poll, TURN + cost(nframes));
    const worlds = scenes(name, nframes).slice(0, nframes === 2 ? SCENES.length : 1);
    const found = worlds.map((setup) => besiegeInWindows(verb, setup, 1));
    expect(Math.max(...found)).toBe(verb.bound);
  });

  test("in poll, with the peer free in any two fetches in a row", () => {
    const verb = verbOf(name, poll, Math.max(TURN + cost(2), HEALED));
    const [scene] = scenes(name, 2);
    expect(besiegeInWindows(verb, scene!, 2)).toBe(verb.bound);
    besiegeInWindows(verb, { handlers, rung: true, waiting: 2, nframes: 2, counts: [2 ** 32 - 1, 2 ** 32 - 2] }, 2);
  });

  test.each([0, 100])("in wait(%i)", (timeout) => {
    const verb = verbOf(name, ({ guest }) => guest.wait(timeout), TURN + cost(2));
    const [scene] = scenes(name, 2);
    expect(besiegeInWindows(verb, scene!, 1)).toBe(verb.bound);
  });
});

describe.each(["a handler that drains", "txReady that fills", "both in place"])("%s, in loopback", (name) => {
  test.each([1, 3])("is left alone, and %i frames are echoed", (nframes) => {
    const bound = TURN + echoes(nframes);
    const verb = { ...verbOf(name, ({ guest }) => guest.poll(), bound), answers: () => called() === 0 };
    const [scene] = scenes(name, nframes);
    expect(besiegeInWindows(verb, { ...scene, loopback: true }, 1)).toBe(bound);
  });
});

describe.each(Object.keys(KINDS))("%s, of a line that a hostile peer rings", (name) => {
  test("does not keep the honest peer's line from being served", () => {
    const { handlers } = KINDS[name]!;
    const world = new World({ handlers, rung: true, honestRings: true, waiting: 2 });
    const poll = (): void => {
      try {
        world.guest.poll();
      } catch (error) {
        if (error !== OOPS) throw error;
      }
    };
    for (let from = 0, last = 0; from <= last; from++) {
      adversary.exhaust(() => {
        world.restore();
        adversary.disturb(poll);
        // Until every line is looked at, in case the hint was lost.
        for (let turns = 0; turns * TICK < SLICE; turns++) poll();
        if (tally.honest !== 1) throw new Error(`expected one interrupt, got ${tally.honest}`);
        world.checkCanaries();
      }, [from, from + 1]);
      last = adversary.longest - 1;
    }
  });
});
