/** What the window and its workers share. */

/** Longest wait, in ms. */
export const PATIENCE = 20_000;

export function must(holds, what) {
  if (!holds) throw new Error(`expected ${what}`);
}

/** Sends frames to who echoes them, and checks what comes back, with async waits. */
export async function callAsync({ tx, rx, frameSize }, count, options) {
  const frame = new Uint8Array(frameSize);
  const answer = new Uint8Array(frameSize);
  for (let i = 0; i < count; i++) {
    while (!tx.write(frame.fill(i))) must((await tx.waitWritableAsync(PATIENCE, options)) === "ready", "room");
    while (!rx.read(answer)) must((await rx.waitReadableAsync(PATIENCE, options)) === "ready", "an answer");
    must(
      answer.every((byte) => byte === (i & 0xff)),
      `frame ${i} to come back whole`,
    );
  }
}
