/** Makes the memory of all channels and hands each guest what it may see (SPEC §2, §8). */
import { IvcError } from "../errors.ts";
import { add, wordsOf } from "../memory.ts";
import { guestAreaSize, LAST_TICKET, placeQueues, wakeAreaSize } from "./areas.ts";
import { checkConfig, type HypervisorConfig, type MempoolConfig, type QueueConfig } from "./config.ts";
import type { EndpointHandle, GuestHandle, PairHandle, PoolHandle } from "./handle.ts";

/** A guest under construction: all of a handle but the ticket. */
interface GuestRecord {
  readonly own: SharedArrayBuffer;
  readonly wake: SharedArrayBuffer;
  readonly pairs: PairHandle[];
  readonly endpoints: EndpointHandle[];
  readonly pools: PoolHandle[];
}

/** Where the first pool lies in the pretended physical memory, and what pools are aligned to there. */
const POOL_BASE = 0x8000_0000;
const POOL_ALIGN = 0x1000;

/**
 * Whoever creates the memory: it owns nothing at run time and serves no calls. Any thread may be it, and may attach as one
 * of its own guests.
 *
 * @example
 * ```ts
 * const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [0, 1], nframes: 64, frameSize: 1024 }] });
 * new Worker(url, { workerData: hypervisor.guest(1) });
 * const guest = attach(hypervisor.guest(0));
 * ```
 */
export class Hypervisor {
  private readonly guests: ReadonlyMap<number, GuestRecord>;

  /**
   * Makes the memory, all zero: every channel is established and empty.
   *
   * @param config - plain data; not kept
   * @throws {@link IvcError} naming the entry and the rule it breaks: EINVAL, E2BIG for a frame size above 2^31 − 1;
   * ENOMEM if there is not so much memory
   */
  constructor(config: HypervisorConfig) {
    checkConfig(config);
    const { queues, mempools = [] } = config;
    this.guests = makeGuests(queues, mempools);
    for (const pair of groupByPair(queues)) connect(pair, this.guests);
    addPools(mempools, this.guests);
  }

  /**
   * A handle for the thread that shall be guest `vmid`. Each call yields one of its own, good for one attachment; a thread
   * that attaches after another has ended takes a new one.
   *
   * @param vmid - a number that the configuration names as a peer
   * @throws {@link IvcError} ENODEV if there is no such guest
   */
  guest(vmid: number): GuestHandle {
    const record = this.guests.get(vmid);
    if (!record)
      throw new IvcError("ENODEV", `expected vmid to be one of ${[...this.guests.keys()].join(", ")}, got ${vmid}`);
    const ticket = add(wordsOf(record.own, 0, LAST_TICKET + 1), LAST_TICKET, 1) + 1;
    return { vmid, ticket, used: new SharedArrayBuffer(4), ...record };
  }
}

type Guests = ReadonlyMap<number, GuestRecord>;

function makeGuests(queues: readonly QueueConfig[], mempools: readonly MempoolConfig[]): Guests {
  const lines = countPeers(queues);
  const pools = countPeers(mempools);
  const guests = new Map<number, GuestRecord>();
  for (const vmid of new Set([...lines.keys(), ...pools.keys()])) {
    const endpoints = lines.get(vmid) ?? 0;
    guests.set(vmid, {
      own: allocate(guestAreaSize(endpoints, pools.get(vmid) ?? 0), `guest ${vmid}`),
      wake: allocate(wakeAreaSize(endpoints), `guest ${vmid}`),
      pairs: [],
      endpoints: [],
      pools: [],
    });
  }
  return guests;
}

function countPeers(entries: readonly { readonly peers: readonly number[] }[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const vmid of entries.flatMap((entry) => entry.peers)) counts.set(vmid, (counts.get(vmid) ?? 0) + 1);
  return counts;
}

/** The queues of each pair of guests. */
function groupByPair(queues: readonly QueueConfig[]): Iterable<readonly QueueConfig[]> {
  const pairs = new Map<string, QueueConfig[]>();
  for (const queue of queues) {
    const key = [...queue.peers].sort((a, b) => a - b).join();
    const pair = pairs.get(key);
    if (pair) pair.push(queue);
    else pairs.set(key, [queue]);
  }
  return pairs.values();
}

/** Makes the area of one pair and tells both guests of it. */
function connect(queues: readonly QueueConfig[], guests: Guests): void {
  const [a, b] = (queues[0] as QueueConfig).peers;
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  const guest = (vmid: number): GuestRecord => guests.get(vmid) as GuestRecord;
  const { offsets, byteLength } = placeQueues(queues);
  const area = allocate(byteLength, `the channels of guests ${low} and ${high}`);

  guest(low).pairs.push({ peerVmid: high, side: 0, area, peerWake: guest(high).wake });
  if (low !== high) guest(high).pairs.push({ peerVmid: low, side: 1, area, peerWake: guest(low).wake });

  for (const [channel, { id, peers, nframes, frameSize }] of queues.entries()) {
    const itself = peers[0] === peers[1] ? 1 : 0;
    const lines = [guest(peers[0]).endpoints.length, guest(peers[1]).endpoints.length + itself] as const;
    const queueOffsets = offsets[channel] as readonly [number, number];
    for (const side of [0, 1] as const) {
      const other = side === 0 ? 1 : 0;
      guest(peers[side]).endpoints.push({
        id: id + itself * side,
        pair: guest(peers[side]).pairs.length - 1,
        channel,
        side,
        peerLine: lines[other],
        nframes,
        frameSize,
        rxOffset: queueOffsets[side],
        txOffset: queueOffsets[other],
      });
    }
  }
}

function addPools(mempools: readonly MempoolConfig[], guests: Guests): void {
  let ipa = POOL_BASE;
  for (const { id, peers, size } of mempools) {
    const memory = allocate(size, `mempool ${id}`);
    for (const vmid of new Set(peers)) {
      const peerVmid = peers[0] === vmid ? peers[1] : peers[0];
      guests.get(vmid)?.pools.push({ id, peerVmid, ipa, memory });
    }
    ipa += Math.ceil(size / POOL_ALIGN) * POOL_ALIGN;
  }
}

function allocate(byteLength: number, what: string): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(byteLength);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new IvcError("ENOMEM", `expected ${byteLength} bytes of shared memory for ${what}, got: ${error.message}`);
  }
}
