/** What every contestant does with a frame: the sender numbers it, the receiver checks the number. */

/** Numbers a frame: 32 bits at its start, and the lowest 8 again at its end. */
export function stamp(frame, number) {
  frame[0] = number;
  frame[1] = number >>> 8;
  frame[2] = number >>> 16;
  frame[3] = number >>> 24;
  frame[frame.length - 1] = number;
}

/** Fails unless the frame is the one with this number. */
export function check(frame, number) {
  const found = frame[0] | (frame[1] << 8) | (frame[2] << 16) | (frame[3] << 24);
  if (found !== (number | 0) || frame[frame.length - 1] !== (number & 0xff)) {
    throw new Error(`expected frame ${number}, got ${found}, which ends with ${frame[frame.length - 1]}`);
  }
}

/** Fails if something that must hold does not. */
export function must(holds, what) {
  if (!holds) throw new Error(`expected ${what}`);
}
