/** The configuration of a hypervisor: plain data, checked as a whole before any memory is made (SPEC §8). */
import { IvcError, show } from "../errors.ts";
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
  if (!Array.isArray(queues)) throw new IvcError("EINVAL", `expected queues to be an array, got ${show(queues)}`);
  if (!Array.isArray(mempools)) throw new IvcError("EINVAL", `expected mempools to be an array, got ${show(mempools)}`);
  checkEntries("queues", queues, (entry, ids) => {
    checkGeometry(entry.nframes, entry.frameSize);
    if (entry.peers[0] !== entry.peers[1]) return;
    if (entry.id % 2 !== 0) {
      throw new IvcError("EINVAL", `expected the id of a channel of a guest with itself to be even, got ${entry.id}`);
    }
    if (ids.has(entry.id + 1)) {
      throw new IvcError(
        "EINVAL",
        `expected id + 1 of a channel of a guest with itself to be free, got a queue ${entry.id + 1}`,
      );
    }
  });
  checkEntries("mempools", mempools, (entry) => checkId("size", entry.size, 1));
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
      if (typeof entry !== "object" || entry === null) {
        throw new IvcError("EINVAL", `expected an object, got ${show(entry)}`);
      }
      checkId("id", entry.id, 0);
      if (seen.has(entry.id)) throw new IvcError("EINVAL", `expected id to be unique, got ${entry.id} again`);
      seen.add(entry.id);
      checkPeers(entry.peers);
      check(entry, ids);
    } catch (error) {
      if (!(error instanceof IvcError)) throw error;
      const name = `${list}[${index}]${Number.isInteger(entry?.id) ? ` (id ${entry.id})` : ""}`;
      throw new IvcError(error.code, `${name}: ${error.message.slice(error.code.length + 2)}`);
    }
  }
}

function checkId(what: string, value: number, min: number): void {
  if (!Number.isSafeInteger(value) || value < min) {
    throw new IvcError("EINVAL", `expected ${what} to be an integer ≥ ${min}, got ${show(value)}`);
  }
}

function checkPeers(peers: readonly [number, number]): void {
  if (!Array.isArray(peers) || peers.length !== 2) {
    throw new IvcError("EINVAL", `expected peers to be a pair of vmids, got ${show(peers)}`);
  }
  for (const vmid of peers) {
    if (!Number.isInteger(vmid) || vmid < 0 || vmid > MAX_VMID) {
      throw new IvcError("EINVAL", `expected each of peers to be an integer from 0 to ${MAX_VMID}, got ${show(vmid)}`);
    }
  }
}
