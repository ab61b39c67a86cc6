/** The memory of the scenarios: bare channels, and guests of a hypervisor. */

import type { HypervisorConfig } from "../../src/hypervisor/config.ts";
import type { GuestHandle } from "../../src/hypervisor/handle.ts";
import type { IvcChannel } from "../../src/ring/channel.ts";
import type { Library } from "./library.ts";
import type { Machine } from "./machine.ts";
import { ESTABLISHED, type View } from "./scenario.ts";

/** Bytes in a frame: payload is as small as it may be. */
export const FRAME_SIZE = 64;

interface QueueOptions {
  readonly nframes: number;
  /** The guest that transmits. */
  readonly transmitter: number;
  readonly receiver: number;
  /** What both counts are at first. */
  readonly start?: number;
  readonly cellsPerFrame?: number;
}

/** Names the words and frames of a queue, and sets its counters. */
function nameQueue(
  machine: Machine,
  name: string,
  buffer: SharedArrayBuffer,
  base: number,
  { nframes, transmitter, receiver, start = 0, cellsPerFrame = 1 }: QueueOptions,
): void {
  const place = { name, buffer, start: base + 0x80, nframes, frameSize: FRAME_SIZE };
  const frames = machine.nameFrames(place, cellsPerFrame);
  machine.nameWord(buffer, base, { name: `${name} tx.count`, owner: transmitter, txCountOf: frames });
  machine.nameWord(buffer, base + 4, { name: `${name} tx.state`, owner: transmitter });
  machine.nameWord(buffer, base + 0x40, { name: `${name} rx.count`, owner: receiver });
  machine.initial[machine.word(buffer, base)] = start;
  machine.initial[machine.word(buffer, base + 0x40)] = start;
}

/** A channel of the ring layer alone. */
export interface Bare {
  /** Opens the end of a guest, 0 or 1. */
  open(library: Library, guest: number): IvcChannel;
  /** The same, with the states in one word, as reserved endpoints have them; it rings nobody. */
  openPacked(library: Library, guest: 0 | 1): IvcChannel;
  /** Whether both ends are ESTABLISHED and between two calls, and more frames in use than there are slots. */
  settledOverfull(view: View): boolean;
}

/** Lays out a channel of the ring layer alone, between guests 0 and 1. */
export function bareChannel(machine: Machine, nframes: number, start = 0, cellsPerFrame = 1): Bare {
  const size = 0x80 + nframes * FRAME_SIZE;
  const buffer = new SharedArrayBuffer(2 * size);
  const geometry = { nframes, start, cellsPerFrame };
  nameQueue(machine, "queue 0", buffer, 0, { ...geometry, transmitter: 1, receiver: 0 });
  nameQueue(machine, "queue 1", buffer, size, { ...geometry, transmitter: 0, receiver: 1 });
  const states = new SharedArrayBuffer(4);
  machine.nameWord(states, 0, { name: "states" });
  const options = (guest: number) => ({
    rx: { buffer, byteOffset: guest * size },
    tx: { buffer, byteOffset: (1 - guest) * size },
    nframes,
    frameSize: FRAME_SIZE,
  });
  return {
    open: (library, guest) => new library.IvcChannel(options(guest)),
    openPacked(library, side) {
      const internals = {
        bell: { wanted: () => false, ring: () => undefined },
        states: library.wordsOf(states, 0, 1),
        side,
        settled: () => undefined,
        txPosition: undefined,
        rxPosition: undefined,
      };
      return new library.IvcChannel(options(side), internals);
    },
    settledOverfull: (view) =>
      [0, 1].every((thread) => view.between(thread) && (view.label(thread) & ESTABLISHED) !== 0) &&
      [0, size].some((base) => (view.word(buffer, base) - view.word(buffer, base + 0x40)) >>> 0 > nframes),
  };
}

/** A hypervisor, and handles of its guests. */
export interface Guests {
  /** A handle for each entry of `vmids`, in order. */
  readonly handles: readonly GuestHandle[];
  /** All that the handles consist of. */
  readonly constants: readonly object[];
  /** Number of the wake word of a guest. */
  wakeWord(guest: number): number;
}

/** Makes a hypervisor, takes a handle for each of `vmids`, and names all words that they reach; counts begin at `start`. */
export function makeGuests(
  machine: Machine,
  library: Library,
  queues: HypervisorConfig["queues"],
  vmids: readonly number[],
  start = 0,
): Guests {
  const hypervisor = new library.Hypervisor({ queues });
  const handles = vmids.map((vmid) => hypervisor.guest(vmid));
  const { areas } = library;
  const wakes = new Map<number, number>();
  const named = new Set<object>();
  for (const { vmid, own, wake, used, pairs, endpoints } of handles) {
    machine.nameWord(used, 0, { name: `used by ${vmid}` });
    if (named.has(own)) continue;
    named.add(own);
    machine.nameWord(own, 4 * areas.ATTACHED, { name: `attached as ${vmid}` });
    machine.nameWord(own, 4 * areas.LAST_TICKET, { name: `last ticket of ${vmid}` });
    machine.nameWord(wake, 4 * areas.WAKE, { name: `wake of ${vmid}` });
    for (let group = 0; group < 2; group++) {
      machine.nameWord(wake, 4 * areas.groupIndex(group), { name: `group ${group} of ${vmid}` });
    }
    wakes.set(vmid, machine.word(wake, 4 * areas.WAKE));
    for (const { area, side } of pairs) {
      machine.nameWord(area, 4 * areas.lifeIndex(side), { name: `life of ${vmid}`, owner: vmid, shared: true });
    }
    for (const [i, { id, pair, channel, side, nframes, rxOffset }] of endpoints.entries()) {
      const { area, peerVmid } = pairs[pair] as (typeof pairs)[number];
      const name = `${id} of ${vmid}`;
      machine.nameWord(own, 4 * areas.reservationIndex(i), { name: `reservation ${name}` });
      machine.nameWord(own, 4 * areas.txPositionIndex(i), { name: `tx position ${name}`, owner: vmid });
      machine.nameWord(own, 4 * areas.rxPositionIndex(i), { name: `rx position ${name}`, owner: vmid });
      machine.nameWord(area, 4 * areas.lineIndex(channel, side), { name: `line ${name}` });
      machine.nameWord(area, 4 * areas.holderIndex(channel, side), {
        name: `holder ${name}`,
        owner: vmid,
        shared: true,
      });
      if (side === 0) machine.nameWord(area, 4 * areas.statesIndex(channel), { name: `states of channel ${channel}` });
      const queue = { nframes, transmitter: peerVmid, receiver: vmid, start };
      nameQueue(machine, `rx ${name}`, area, rxOffset, queue);
    }
  }
  return {
    handles,
    constants: handles.flatMap((handle) => [
      handle,
      ...handle.pairs,
      ...handle.endpoints,
      handle.endpoints,
      handle.pairs,
    ]),
    wakeWord: (guest) => wakes.get(guest) as number,
  };
}
