/** How an endpoint rings its peer. The ring layer is given one and knows nothing else of interrupts. */
export interface Bell {
  /** Whether the peer wants to be rung for data. False lets the caller skip the ring and the transition test. */
  wanted(): boolean;
  /** Rings the peer, wanted or not. */
  ring(): void;
}
