/**
 * SPEC §9 on the event loop: a turn of a guest that listens, or whose async waits are parked, is a call like any other, and
 * the next turn is sure to come. The event loop itself is the {@link host}, which stands still between turns.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { IvcCookie, WaitOutcome } from "../../src/index.ts";
import type * as Memory from "../../src/memory.ts";
import { besiege, besiegeInWindows } from "./guest-siege.ts";
import { type Setup, standStill, type World } from "./guest-world.ts";
import { called, KINDS, LOOK, OOPS, SERVE, tally, throwing } from "./handlers.ts";
import { host } from "./host.ts";
import { is, type Verb } from "./verbs.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { besieged } = await import("./besieged.ts");
  return besieged(await original<typeof Memory>());
});

beforeAll(standStill);

const nothing = is(undefined);

/** A turn. What its handlers threw, a microtask throws: an uncaught error. */
const turnOf = (name: string, turn: () => void, bound: number): Verb<World> => ({
  call() {
    turn();
    for (const microtask of host.microtasks) expect(microtask).toThrow(OOPS);
    return host.next;
  },
  answers: (answer) =>
    (answer === "soon" || answer === "rung") &&
    called() <= 1 &&
    tally.honest <= 1 &&
    host.microtasks.length === (throwing(name) ? tally.irq + tally.rxReady : 0),
  publishes: () => tally.published,
  consumes: () => tally.consumed,
  resets: true,
  bound,
});

/** The honest peer's line: a sample, the same again before a look at both counts, and these told. */
const HONEST = 1 + 3 + 2;
/** It says that it sleeps, then parks. */
const PARK = 2;

describe.each(Object.keys(KINDS))("%s", (name) => {
  const { handlers, cost, again } = KINDS[name]!;
  const scene: Setup = { handlers, own: "sync", peer: "ack", greedy: true, rung: true, nframes: 2 };
  /** The next turn comes soon if the line stays due, or the honest one, which the exception left. */
  const parks = again || throwing(name) ? 0 : PARK;

  test("in the first turn, with every line due", () => {
    const served = SERVE + (throwing(name) ? 0 : HONEST);
    const verb = turnOf(name, () => host.turn(), served + cost(2) + parks);
    expect(besiegeInWindows(verb, { ...scene, listens: "soon" }, 1)).toBe(verb.bound);
  });

  test("in a turn that a ring brings about", () => {
    const verb = turnOf(name, () => host.turn(), SERVE + cost(2) + parks);
    expect(besiegeInWindows(verb, { ...scene, listens: "rung" }, 1)).toBe(verb.bound);
  });

  test("when a slice is over", () => {
    const slice = (): void => {
      host.tick(false);
      host.turn();
    };
    // It is parked already.
    const verb = turnOf(name, slice, LOOK + SERVE + cost(2) + parks / 2);
    expect(besiegeInWindows(verb, { ...scene, listens: "rung" }, 1)).toBe(verb.bound);
  });
});

test.each(["both in place", "rxReady that throws"])("%s, with the peer free in any two fetches in a row", (name) => {
  const { handlers, cost } = KINDS[name]!;
  const verb = turnOf(name, () => host.turn(), SERVE + HONEST + cost(2) + PARK);
  const setup: Setup = { handlers, nframes: 2, rung: true };
  besiegeInWindows(verb, { ...setup, listens: "rung", greedy: true, own: "sync", peer: "ack" }, 2);
  besiegeInWindows(verb, { ...setup, listens: "soon", waiting: 2 }, 2);
});

describe("listen", () => {
  test("touches nothing before its first turn", () => {
    const listen = ({ guest }: World): void => {
      guest.listen();
      if (host.next !== "soon") throw new Error("expected a turn soon");
    };
    expect(besiege({ call: listen, answers: nothing, bound: 0 }, { rung: true }).most).toBe(0);
  });
});

describe("stopListening", () => {
  const stop = ({ guest }: World): void => {
    guest.stopListening();
    host.turn();
    host.tick(false);
    if (host.next !== "never" || host.timers.length > 0) throw new Error("expected no turn any more");
  };

  test.each([
    ["soon", 0],
    // It takes back that it sleeps, and wakes itself.
    ["rung", 2],
  ] as const)("with the next turn %s, has no more of them", (listens, bound) => {
    expect(besiege({ call: stop, answers: nothing, bound }, { listens, rung: true }).most).toBe(bound);
  });
});

/** With the most operations until they end: a look, two turns, and a last one when the time is over. */
const WAITS: Record<string, readonly [wait: (cookie: IvcCookie) => Promise<WaitOutcome>, bound: number]> = {
  waitReadableAsync: [({ rx }) => rx.waitReadableAsync(100, { spin: 0 }), 37],
  waitWritableAsync: [({ tx }) => tx.waitWritableAsync(100, { spin: 0 }), 37],
  waitEstablishedAsync: [(cookie) => cookie.waitEstablishedAsync(100, { spin: 0 }), 35],
};

/** The link is being established, is not, or the peer has had enough of it. */
const PARKED = (["established", "sync", "ack"] as const).flatMap((own) =>
  (["established", "ack"] as const).map((peer): Setup => ({ own, peer, rung: true, slice: true, greedy: true })),
);

/** Takes the turns that are due, at most two, then lets the time be over. */
function waitToTheEnd({ guest: { eventLoop } }: World): void {
  for (let turns = 0; turns < 2 && eventLoop.active; turns++) host.turn();
  if (eventLoop.active) host.tick(true);
  if (eventLoop.active || host.timers.some(({ once }) => once)) throw new Error("expected it to have ended");
}

describe.each(Object.keys(WAITS))("%s", (name) => {
  test("ends, also once it has parked, and keeps the contract", () => {
    const [wait, bound] = WAITS[name]!;
    let parked = 0;
    const call = (world: World): unknown => {
      const promise = wait(world.cookie);
      if (world.guest.eventLoop.active) parked++;
      waitToTheEnd(world);
      return promise;
    };
    const verb: Verb<World> = { call, answers: (answer) => answer instanceof Promise, resets: true, bound };
    const found = PARKED.map((setup) => besiegeInWindows(verb, setup, 2));
    expect(Math.max(...found)).toBe(bound);
    expect(parked).toBeGreaterThan(1000);
  });
});
