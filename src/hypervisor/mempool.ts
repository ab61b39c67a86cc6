/** Memory pools: bulk shared memory beside the channels, for payloads that frames only describe (SPEC §8). */
import { IvcError } from "../errors.ts";
import { bytesOf } from "../memory.ts";
import type { Guest } from "./guest.ts";
import type { PoolHandle } from "./handle.ts";

/** A reserved memory pool: what {@link Guest.reserveMempool} returns. It has no flow control of its own. */
export class Mempool {
  /** Number of the pool in the configuration. */
  readonly id: number;
  /** Where it would lie in the physical memory of a real guest; unique among the pools. */
  readonly ipa: number;
  /** Bytes. */
  readonly size: number;
  /** Number of the other guest that may reserve it. */
  readonly peerVmid: number;
  /** The memory, all of it, shared with the peer. Agree over a channel on who may touch what, and when. */
  readonly memory: Uint8Array;
  private readonly guest: Guest;
  private isReserved = true;

  /** @internal */
  constructor(guest: Guest, handle: PoolHandle) {
    this.id = handle.id;
    this.ipa = handle.ipa;
    this.size = handle.memory.byteLength;
    this.peerVmid = handle.peerVmid;
    this.memory = bytesOf(handle.memory, 0, this.size);
    this.guest = guest;
  }

  /** Whether it is still reserved. */
  get reserved(): boolean {
    return this.isReserved;
  }

  /**
   * Gives the pool back. The memory keeps its content, for the peer and the next owner.
   *
   * @throws {@link IvcError} EPERM if it is not reserved
   */
  unreserve(): void {
    if (!this.isReserved) throw new IvcError("EPERM", `mempool ${this.id} is not reserved any more`);
    this.isReserved = false;
    this.guest.releaseMempool(this);
  }
}
