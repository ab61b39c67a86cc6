/** What both halves of an endpoint know of their connection. Private to its thread, never stale. */
export class Link {
  /**
   * The own connection state: 0 ESTABLISHED, 1 SYNC, 2 ACK. Only the channel changes it. A value that is no state can
   * only have been found in memory at opening; it counts as a link that is down.
   */
  state: number;
  /** Own clears so far: an integer ≥ 0 that changes iff frames may have been lost. Only the channel changes it. */
  session = 0;

  constructor(state: number) {
    this.state = state;
  }
}
