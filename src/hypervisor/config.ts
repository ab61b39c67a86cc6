/** The configuration of a hypervisor: plain data, checked as a whole before any memory is made (SPEC §8). */
import { checkInteger, expected, IvcError } from "../errors.ts";
import { checkGeometry } from "../ring/layout.ts";

/** One channel between two guests. */
export interface QueueConfig {
  /** Its number: an integer ≥ 0, unique among the queues. Even if both peers are the same guest; `id + 1` is taken then too. */
  readonly id: number;
  /** The vmids of the two ends: `peers[0]` receives in queue 0, `peers[1]` in queue 1. */
  readonly peers: readonly [number, number];
  /** Slots each way: a positive integer. */
  readonly nframes: number;
  /** Bytes in a frame: a positive multiple of 64. */
  readonly frameSize: number;
}

/** Bulk shared memory between two guests. */
export interface MempoolConfig {
  /** Its number: an integer ≥ 0, unique among the pools. */
  readonly id: number;
  /** The vmids of the two guests that may reserve it. */
  readonly peers: readonly [number, number];
  /** Bytes: a positive integer. */
  readonly size: number;
}

/** What a {@link Hypervisor} is made from. */
export interface HypervisorConfig {
  /** The channels. */
  readonly queues: readonly QueueConfig[];
  /** The memory pools. */
  readonly mempools?: readonly MempoolConfig[] | undefined;
}

/** Largest number a guest may have. */
const MAX_VMID = 65535;

/** Refuses a configuration that breaks a rule, with a message that names the entry. */
export function checkConfig(config: HypervisorConfig): void {
  const { queues, mempools = [] } = config ?? {};
  if (!Array.isArray(queues)) throw expected("EINVAL", "queues", "an array", queues);
  if (!Array.isArray(mempools)) throw expected("EINVAL", "mempools", "an array", mempools);
  checkEntries("queues", queues, ({ id, peers, nframes, frameSize }, ids) => {
    checkGeometry(nframes, frameSize);
    if (peers[0] !== peers[1]) return;
    if (id % 2 !== 0) throw expected("EINVAL", "the id of a channel of a guest with itself", "even", id);
    if (ids.has(id + 1)) throw expected("EINVAL", "id + 1 of a channel of a guest with itself", "free", id + 1);
  });
  checkEntries("mempools", mempools, ({ size }) => checkInteger("size", size, 1, Number.MAX_SAFE_INTEGER));
}

function checkEntries<Entry extends QueueConfig | MempoolConfig>(
  list: string,
  entries: readonly Entry[],
  check: (entry: Entry, ids: ReadonlySet<number>) => void,
): void {
  const ids = new Set(entries.map((entry) => entry?.id));
  const seen = new Set<number>();
  for (const [index, entry] of entries.entries()) {
    try {
      if (typeof entry !== "object" || entry === null) throw expected("EINVAL", "it", "an object", entry);
      const { id, peers } = entry;
      checkInteger("id", id, 0, Number.MAX_SAFE_INTEGER);
      if (seen.has(id)) throw expected("EINVAL", "id", "unique", id);
      seen.add(id);
      if (!Array.isArray(peers) || peers.length !== 2) throw expected("EINVAL", "peers", "a pair of vmids", peers);
      for (const vmid of peers) checkInteger("each of peers", vmid, 0, MAX_VMID);
      check(entry, ids);
    } catch (error) {
      if (!(error instanceof IvcError)) throw error;
      const name = `${list}[${index}]${Number.isInteger(entry?.id) ? ` (id ${entry.id})` : ""}`;
      throw new IvcError(error.code, `${name}: ${error.message.slice(`${error.code}: `.length)}`);
    }
  }
}
