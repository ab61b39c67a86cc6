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
import { SLICE } from "../../src/hypervisor/interrupts.ts";
import { attach, type Guest, type GuestHandle, Hypervisor, type IvcChannel, type IvcCookie } from "../../src/index.ts";
import { adversary, HOSTILE, LOAD, STORE } from "./adversary.ts";
import { Canaries, layQueues, type Places } from "./contract.ts";
import { Greedy } from "./greedy.ts";
import { type Handlers, type Role, resetTally, tally } from "./handlers.ts";
import { host } from "./host.ts";
import { Snapshot } from "./snapshot.ts";

/** How it starts. */
export interface Setup {
  readonly nframes?: number;
  /** Own tx and rx count. */
  readonly counts?: readonly [published: number, consumed: number];
  /** Packed states: the peer's half is what an undisturbed step finds. */
  readonly own?: "established" | "sync" | "ack";
  readonly peer?: "established" | "sync" | "ack";
  /** What the packed states say of the own one, if the peer has written over it. */
  readonly packed?: "established" | "sync" | "ack";
  readonly loopback?: boolean;
  /** Frames that wait in the rx queue. */
  readonly waiting?: number;
  /** Whether the own line has rung, so that an undisturbed look finds it. */
  readonly rung?: boolean;
  /** Whether the honest peer has rung too. */
  readonly honestRings?: boolean;
  readonly unreserved?: boolean;
  /** Whether the peer makes every compare-exchange fail. */
  readonly contrary?: boolean;
  /** Whether the time has come to look at every line, whatever the hints tell. */
  readonly slice?: boolean;
  /** Whether the peer answers as {@link Greedy} does. */
  readonly greedy?: boolean;
  /** What serves the own line; idle until the call under attack. */
  readonly handlers?: Handlers;
  /** Whether the guest listens, on the {@link host}, and how its next turn comes about. */
  readonly listens?: "soon" | "rung";
}

const PACKED = { established: 0, ack: 1, sync: 2 } as const;
const STATE = { established: 0, ack: 2, sync: 1 } as const;
/** What the peer writes where bits count. */
const FLAGS = [0, 1, 2, 3, 4, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

/** The time, which goes on at each look, and only then. */
let now = 0;
export const TICK: number = 60;

/** Until the tests of this file end, puts that in the place of the real time. */
export function stopTheClock(): () => void {
  const spy = vi.spyOn(performance, "now").mockImplementation(() => {
    now += TICK;
    return now;
  });
  return () => spy.mockRestore();
}

/** Until the tests of this file end, time and the event loop stand still. */
export function standStill(): () => void {
  const undo = [stopTheClock(), host.install()];
  return () => {
    for (const each of undo) each();
  };
}

/** Guest 0 (own), with a channel and a pool to guest 1 (hostile), and a channel to guest 2 (honest). */
export class World {
  readonly places: Places;
  readonly words: Int32Array;
  readonly hypervisor: Hypervisor;
  readonly handle: GuestHandle;
  /** Handles of the own guest not used yet, and of the honest one. */
  readonly spare: GuestHandle;
  readonly guest: Guest;
  readonly cookie: IvcCookie;
  readonly greedy: Greedy;
  private readonly canaries: Canaries[];
  private readonly snapshot: Snapshot;
  private readonly waiting: ReturnType<typeof host.save>;
  private readonly start: number;
  /** Whether handlers do nothing. */
  private idle = true;

  constructor(setup: Setup = {}) {
    const {
      nframes = 3,
      counts = [0, 0],
      own = "established",
      peer = "established",
      packed = own,
      waiting = 0,
    } = setup;
    const frameSize = 128;
    this.hypervisor = new Hypervisor({
      queues: [
        { id: 0, peers: [0, 1], nframes, frameSize },
        { id: 1, peers: [0, 2], nframes: 1, frameSize: 64 },
      ],
      mempools: [{ id: 0, peers: [0, 1], size: 64 }],
    });
    this.handle = this.hypervisor.guest(0);
    this.spare = this.hypervisor.guest(0);
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

    adversary.forget();
    host.forget();
    layQueues(this.places, published, consumed);
    this.layLibraryWords(pair, honest);
    this.guest = attach(this.handle);
    const { irq, ...ops } = this.counted(setup.handlers ?? {});
    this.cookie = this.guest.reserve(0, ops.rxReady || ops.txReady ? ops : undefined);
    if (irq) this.guest.requestIrq(1, () => irq(this.cookie));
    this.guest.reserve(1);
    this.guest.requestIrq(2, () => {
      tally.honest++;
    });
    this.guest.poll();
    if (setup.listens) this.guest.listen({ spin: 0 });
    while (setup.listens === "rung" && host.next === "soon") host.turn();
    // Not found when it opens: the first poll would have taken the step from ACK.
    (this.channel as unknown as { readonly link: { state: number } }).link.state = STATE[own];
    words[(txOffset + 4) / 4] = STATE[own];
    if (setup.loopback) this.cookie.setLoopback(true);
    words[statesIndex(0)] = PACKED[packed] | (PACKED[peer] << 2);
    if (setup.unreserved) this.cookie.unreserve();
    if (setup.rung) {
      words[lineIndex(0, 0)] = 1;
      areaWords(this.handle.wake)[WAKE] = 1;
      areaWords(this.handle.wake)[groupIndex(0)] = 1;
    }
    if (setup.honestRings) {
      areaWords(honest.area)[lineIndex(0, 0)] = 1;
      areaWords(this.handle.wake)[groupIndex(0)]! |= 2;
    }
    const buffers = [pair.area, honest.area, honest.peerWake, this.handle.wake, pair.peerWake, this.handle.own];
    this.canaries = [...buffers, this.handle.used, this.spare.used].map((buffer) => new Canaries(buffer));
    this.snapshot = new Snapshot(this.guest, this.cookie);
    this.greedy = new Greedy(words, this.places);
    this.waiting = host.save();
    this.start = now + (setup.slice ? SLICE : 0);
    this.idle = false;
  }

  /** The endpoint below the cookie. */
  get channel(): IvcChannel {
    return this.cookie.channel;
  }

  restore(): void {
    for (const canaries of this.canaries) canaries.restore();
    this.snapshot.restore();
    now = this.start;
    attachedGuests.splice(0, attachedGuests.length, this.guest);
    this.greedy.reset();
    host.restore(this.waiting);
    resetTally();
  }

  checkCanaries(): void {
    for (const canaries of this.canaries) canaries.check();
  }

  /** The handlers, counted, once they are not idle. */
  private counted(handlers: Handlers): Handlers {
    const roles = Object.entries(handlers) as [Role, (cookie: IvcCookie) => void][];
    const counted = roles.map(([role, handler]) => {
      const count = (cookie: IvcCookie): void => {
        if (this.idle) return;
        tally[role]++;
        handler(cookie);
      };
      return [role, count] as const;
    });
    return Object.fromEntries(counted);
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
    // The honest peer's: the line, what a dispatch looks at and, when the guest attaches or detaches, who holds it.
    for (const index of [lifeIndex(0), lineIndex(0, 0), lineIndex(0, 1), holderIndex(0, 0)]) {
      adversary.word(honest.area, 4 * index, `word ${index} of the honest pair`, all);
    }
    const { rxOffset, txOffset } = this.handle.endpoints[1]!;
    for (const at of [4 * statesIndex(0), rxOffset, txOffset + 0x40]) {
      adversary.word(honest.area, at, `byte ${at} of the honest pair`, LOAD);
    }
    for (const index of [WAKE, groupIndex(0)]) adversary.word(honest.peerWake, 4 * index, "honest wake", all);
    for (const buffer of [this.handle.own, this.handle.used, this.spare.used]) {
      for (let at = 0; at < buffer.byteLength; at += 4) adversary.word(buffer, at, "own area", all);
    }
  }
}
