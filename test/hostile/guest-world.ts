/** A guest under attack: one channel with a hostile peer, one with an honest one, and the guard over all their memory. */

import { vi } from "vitest";
import {
  areaWords,
  groupIndex,
  holderIndex,
  lifeIndex,
  lineIndex,
  statesIndex,
  WAKE,
} from "../../src/hypervisor/areas.ts";
import { attachedGuests } from "../../src/hypervisor/guest.ts";
import {
  attach,
  type Guest,
  type GuestHandle,
  Hypervisor,
  type IvcChannel,
  type IvcCookie,
  IvcError,
} from "../../src/index.ts";
import { adversary, HOSTILE, LOAD, STORE, type Window } from "./adversary.ts";
import { Canaries, layQueues, type Places, Watch } from "./contract.ts";
import { Snapshot } from "./snapshot.ts";
import type { Verb } from "./verbs.ts";

/** How it starts. */
export interface Setup {
  readonly nframes?: number;
  /** Own tx and rx count. */
  readonly counts?: readonly [published: number, consumed: number];
  /** Packed states: the peer's half is what an undisturbed step finds. */
  readonly own?: "established" | "sync" | "ack";
  readonly peer?: "established" | "sync" | "ack";
  readonly loopback?: boolean;
  /** Frames that wait in the rx queue. */
  readonly waiting?: number;
  /** Whether the own line has rung, so that an undisturbed look finds it. */
  readonly rung?: boolean;
  readonly unreserved?: boolean;
  /** Whether the peer makes every compare-exchange fail. */
  readonly contrary?: boolean;
}

const PACKED = { established: 0, ack: 1, sync: 2 } as const;
const STATE = { established: 0, ack: 2, sync: 1 } as const;
/** What the peer writes where bits count. */
const FLAGS = [0, 1, 2, 3, 4, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

/** The time, which goes on at each look, and only then. */
let now = 0;
const TICK = 60;

/** Until the tests of this file end, puts that in the place of the real time. */
export function stopTheClock(): () => void {
  const spy = vi.spyOn(performance, "now").mockImplementation(() => {
    now += TICK;
    return now;
  });
  return () => spy.mockRestore();
}

/** Guest 0 (own), with a channel and a pool to guest 1 (hostile), and a channel to guest 2 (honest). */
export class World {
  readonly places: Places;
  readonly words: Int32Array;
  readonly handle: GuestHandle;
  /** Handles of the own guest not used yet, and of the honest one. */
  readonly spare: GuestHandle;
  readonly guest: Guest;
  readonly cookie: IvcCookie;
  private readonly canaries: Canaries[];
  private readonly snapshot: Snapshot;

  constructor(setup: Setup = {}) {
    const { nframes = 3, counts = [0, 0], own = "established", peer = "established", waiting = 0 } = setup;
    const frameSize = 128;
    const hypervisor = new Hypervisor({
      queues: [
        { id: 0, peers: [0, 1], nframes, frameSize },
        { id: 1, peers: [0, 2], nframes: 1, frameSize: 64 },
      ],
      mempools: [{ id: 0, peers: [0, 1], size: 64 }],
    });
    this.handle = hypervisor.guest(0);
    this.spare = hypervisor.guest(0);
    const [pair, honest] = this.handle.pairs as [GuestHandle["pairs"][0], GuestHandle["pairs"][0]];
    const { txOffset, rxOffset } = this.handle.endpoints[0]!;
    this.places = { buffer: pair.area, txOffset, rxOffset, nframes, frameSize };
    this.words = areaWords(pair.area);
    const { words } = this;
    const [published, consumed] = counts;
    words[txOffset / 4] = published;
    words[(txOffset + 0x40) / 4] = published;
    words[rxOffset / 4] = consumed + waiting;
    words[(rxOffset + 0x40) / 4] = consumed;
    words[(txOffset + 4) / 4] = STATE[own];
    words[statesIndex(0)] = PACKED[own];

    adversary.forget();
    layQueues(this.places, published, consumed);
    this.layLibraryWords(pair, honest);
    this.guest = attach(this.handle);
    this.cookie = this.guest.reserve(0);
    this.guest.reserve(1);
    this.guest.poll();
    if (setup.loopback) this.cookie.setLoopback(true);
    words[statesIndex(0)] = PACKED[own] | (PACKED[peer] << 2);
    if (setup.unreserved) this.cookie.unreserve();
    if (setup.rung) {
      words[lineIndex(0, 0)] = 1;
      areaWords(this.handle.wake)[WAKE] = 1;
      areaWords(this.handle.wake)[groupIndex(0)] = 1;
    }
    const buffers = [pair.area, honest.area, honest.peerWake, this.handle.wake, pair.peerWake, this.handle.own];
    this.canaries = [...buffers, this.handle.used, this.spare.used].map((buffer) => new Canaries(buffer));
    this.snapshot = new Snapshot(this.guest, this.cookie);
  }

  /** The endpoint below the cookie. */
  get channel(): IvcChannel {
    return this.cookie.channel;
  }

  restore(): void {
    for (const canaries of this.canaries) canaries.restore();
    this.snapshot.restore();
    now = 1_000_000;
    attachedGuests.splice(0, attachedGuests.length, this.guest);
  }

  checkCanaries(): void {
    for (const canaries of this.canaries) canaries.check();
  }

  private layLibraryWords(pair: GuestHandle["pairs"][0], honest: GuestHandle["pairs"][0]): void {
    const { area, peerWake } = pair;
    const all = LOAD | STORE;
    const inArea = (index: number, name: string, rights: number, domain: readonly number[] = FLAGS): void =>
      adversary.word(area, 4 * index, name, rights | HOSTILE, domain);
    inArea(lifeIndex(0), "own life", all);
    inArea(lifeIndex(1), "peer life", LOAD);
    inArea(lineIndex(0, 0), "own line", all);
    inArea(lineIndex(0, 1), "peer line", all);
    inArea(holderIndex(0, 0), "own holder", all);
    inArea(holderIndex(0, 1), "peer holder", LOAD);
    inArea(statesIndex(0), "states", all, [...Array(16).keys(), 2 ** 31, 2 ** 32 - 1]);
    for (const [wake, name] of [
      [this.handle.wake, "own wake"],
      [peerWake, "peer wake"],
    ] as const) {
      adversary.word(wake, 4 * WAKE, name, all | HOSTILE, FLAGS);
      adversary.word(wake, 4 * groupIndex(0), `${name} group`, all | HOSTILE, FLAGS);
    }
    // The honest peer's: no more than the line and, when the guest attaches or detaches, who holds it.
    for (const index of [lifeIndex(0), lineIndex(0, 0), lineIndex(0, 1), holderIndex(0, 0)]) {
      adversary.word(honest.area, 4 * index, `word ${index} of the honest pair`, all);
    }
    for (const index of [WAKE, groupIndex(0)]) adversary.word(honest.peerWake, 4 * index, "honest wake", all);
    for (const buffer of [this.handle.own, this.handle.used, this.spare.used]) {
      for (let at = 0; at < buffer.byteLength; at += 4) adversary.word(buffer, at, "own area", all);
    }
  }
}

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
  const world = new World(setup);
  let most = 0;
  adversary.contrary = setup.contrary === true;
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
  let most = 0;
  for (let from = 0, last = 0; from <= last; from++) {
    const found = besiege(verb, setup, [from, from + width]);
    last = found.fetches - width;
    most = Math.max(most, found.most);
  }
  return most;
}
