/** Calls on a {@link World}, made under attack, and held against what the contract says of them. */
import { IvcError } from "../../src/index.ts";
import { adversary, type Window } from "./adversary.ts";
import { mayOpen, Watch } from "./contract.ts";
import { type Setup, World } from "./guest-world.ts";
import type { Verb } from "./verbs.ts";

/** The answer, or the code of the error. */
function answerOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (error instanceof IvcError) return error.code;
    throw error;
  }
}

/** All leaves of one verb in one world: the most operations, and the most fetches, that one of them took. */
export function besiege(verb: Verb<World>, setup: Setup, free?: Window): { most: number; fetches: number } {
  return besiegeIn(new World(setup), verb, setup, free);
}

function besiegeIn(world: World, verb: Verb<World>, setup: Setup, free?: Window): { most: number; fetches: number } {
  let most = 0;
  adversary.contrary = setup.contrary === true;
  adversary.usual = setup.greedy ? (name) => world.greedy.answer(name) : undefined;
  adversary.exhaust(() => {
    world.restore();
    const watch = new Watch(world.places, world.words, world.channel);
    const answer = adversary.disturb(() => answerOf(() => verb.call(world)));
    watch.check(verb, answer, setup.loopback);
    world.checkCanaries();
    most = Math.max(most, adversary.operations);
  }, free);
  return { most, fetches: adversary.longest };
}

/** As {@link besiege}, with the peer free in `width` fetches, from the first ones to the last. The most operations. */
export function besiegeInWindows(verb: Verb<World>, setup: Setup, width: number): number {
  const world = new World(setup);
  let most = 0;
  for (let from = 0, last = 0; from <= last; from++) {
    const found = besiegeIn(world, verb, setup, [from, from + width]);
    last = found.fetches - width;
    most = Math.max(most, found.most);
  }
  return most;
}

/**
 * A call by which a guest attaches, opens endpoints, or goes, with the peer free in any two fetches in a row: then the own
 * words may be loaded. The most operations.
 */
export function besiegeOpening<Answer>(
  world: World,
  call: () => Answer,
  check: (answer: Answer) => void,
  greedy = false,
): number {
  let most = 0;
  adversary.usual = greedy ? (name) => world.greedy.answer(name) : undefined;
  mayOpen(world.places, true);
  for (let from = 0, last = 0; from <= last; from++) {
    adversary.exhaust(() => {
      world.restore();
      check(adversary.disturb(call));
      world.checkCanaries();
      most = Math.max(most, adversary.operations);
    }, [from, from + 2]);
    last = adversary.longest - 2;
  }
  return most;
}
