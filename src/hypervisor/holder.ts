/** What the two ends of a channel tell each other of their lives (SPEC §8, "Death and return"). */
import { and, load, store, type Words } from "../memory.ts";
import { areaWord, holderIndex, lifeIndex } from "./areas.ts";
import type { EndpointHandle, PairHandle } from "./handle.ts";

/**
 * The life words of a channel, as the holder of one of its endpoints uses them: it says by which ticket it holds the
 * endpoint, and reads whether the peer's thread has died. {@link guestDown} writes them for the dead.
 */
export class Holder {
  private readonly own: Words;
  private readonly ownLife: Words;
  private readonly peer: Words;
  private readonly peerLife: Words;
  private ticket = 0;

  constructor({ channel, side }: EndpointHandle, pair: PairHandle) {
    this.own = areaWord(pair.area, holderIndex(channel, side));
    this.ownLife = areaWord(pair.area, lifeIndex(pair.side));
    this.peer = areaWord(pair.area, holderIndex(channel, side === 0 ? 1 : 0));
    this.peerLife = areaWord(pair.area, lifeIndex(pair.side === 0 ? 1 : 0));
  }

  /** Says who holds the endpoint. Whether it must be reset, because its last owner died. */
  hold(ticket: number): boolean {
    this.ticket = ticket;
    const needsReset = load(this.own, 0) & 1;
    store(this.own, 0, ticket * 2 + needsReset);
    return needsReset === 1;
  }

  /** Says that nobody holds the endpoint; that it must be reset stays. */
  letGo(): void {
    and(this.own, 0, 1);
  }

  /**
   * Says that the link is established, so the endpoint need not be reset any more; and that its owner lives, whatever a
   * hostile peer has written there meanwhile.
   */
  settled(): void {
    store(this.own, 0, this.ticket * 2); // SYNC down
    store(this.ownLife, 0, this.ticket * 2); // SYNC down
  }

  /** Whether the peer's thread has died, and no other has attached since. */
  get peerDown(): boolean {
    return (load(this.peerLife, 0) & 1) === 1; // SYNC down
  }

  /** Whether the peer's owner died, and the link has not been established since. */
  get peerNeedsReset(): boolean {
    return (load(this.peer, 0) & 1) === 1; // SYNC down
  }
}
