/** What happens when a thread has ended without detaching (SPEC §8, "Death and return"). */
import { compareExchange, load } from "../memory.ts";
import { ATTACHED, areaWord, areaWords, holderIndex, lifeIndex, poolIndex, reservationIndex } from "./areas.ts";
import { Doorbell } from "./doorbell.ts";
import { checkHandle, type GuestHandle, type PairHandle } from "./handle.ts";

/**
 * Says that the thread which attached by `handle` has ended. If it was still attached, its guest is down: what it had
 * reserved is free, and each endpoint marked so that its next owner resets it; every peer is rung, and its waits end as
 * `"peer-down"`. Down ends when a thread attaches as this guest again, by a handle of its own.
 *
 * Any thread that has the handle may call it, also several, and also late: once another thread has attached, it has no
 * effect. To say so of a thread that still runs is a misuse: two threads may then hold one endpoint.
 *
 * @param handle - the handle that was given to the thread
 * @returns whether the guest was attached by this handle
 * @throws {@link IvcError} EINVAL for no handle
 */
export function guestDown(handle: GuestHandle): boolean {
  checkHandle(handle);
  const { ticket, pairs, endpoints, pools } = handle;
  const own = areaWords(handle.own);
  const attached = load(own, ATTACHED);
  if (attached !== ticket && attached !== -ticket) return false;
  // Every store holds against the ticket, so whoever is late, or second, changes nothing of a successor's.
  for (const [index, { pair, channel, side }] of endpoints.entries()) {
    const { area } = pairs[pair] as PairHandle;
    compareExchange(areaWord(area, holderIndex(channel, side)), 0, ticket * 2, ticket * 2 + 1); // SYNC down
    compareExchange(own, reservationIndex(index), ticket, 0);
  }
  for (const index of pools.keys()) compareExchange(own, poolIndex(endpoints.length, index), ticket, 0);
  // Whoever learns of the death below may have started a successor, which must be able to attach.
  compareExchange(own, ATTACHED, ticket, -ticket); // SYNC attach
  for (const { area, side } of pairs) {
    // Whatever the thread had come to say of its life: it may have died while it attached.
    const life = areaWord(area, lifeIndex(side));
    const before = load(life, 0);
    if (load(own, ATTACHED) === -ticket) compareExchange(life, 0, before, ticket * 2 + 1); // SYNC down
  }
  for (const endpoint of endpoints) new Doorbell(endpoint, pairs[endpoint.pair] as PairHandle).ringSurely();
  compareExchange(own, ATTACHED, -ticket, 0);
  return true;
}
