/** Seeded bugs of the peer in WebAssembly, as changes of assembly/ivc.ts. The gate must find every one. */

/** Preempts the thread at the worst place: nobody wakes it there. */
const PAUSE = "atomic.wait<i32>(peerBell, atomic.load<i32>(peerBell), 20_000_000);";

/** Found one call at a time: how is determined. */
export const sequential = [
  { name: "rx.count elsewhere", from: "RX_COUNT: usize = 0x40", to: "RX_COUNT: usize = 0x44" },
  { name: "the rest of a frame not zeroed", from: "memory.fill(frame + length, 0, frameSize - length);", to: "" },
  { name: "a slot derived from the count", from: "= nextSlot(writeSlot)", to: "= (written + 1) % nframes" },
  {
    name: "the ring decided by a stale count",
    from: "peerWritten = atomic.load<u32>(rxQueue, TX_COUNT);\n  if",
    to: "if",
  },
  { name: "no clear after the peer's ACK", from: "clear();\n    enter(ESTABLISHED);", to: "enter(ESTABLISHED);" },
];

/** Found between threads: an order that one thread alone cannot see. */
export const concurrent = [
  {
    name: "ACK before the clear",
    from: "clear();\n    enter(ACK);",
    to: `enter(ACK);\n    ${PAUSE}\n    clear();\n    forgetPeer();`,
  },
  {
    name: "published before it is filled",
    from: "memory.copy(frame, message, length);",
    to: `atomic.store<u32>(txQueue, written + 1, TX_COUNT);\n  ${PAUSE}\n  memory.copy(frame, message, length);`,
  },
];
