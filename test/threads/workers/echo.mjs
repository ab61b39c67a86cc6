/** What is asked of mortal.mjs. */
import { COMMAND, check, FRAME_SIZE, fill, wordsOf } from "./frames.mjs";

/**
 * Sends frames `first`…`first + count − 1`, each after the echo of the one before.
 *
 * @param waitReadable - how to wait
 * @returns how many echoes came
 */
export async function talk({ tx, rx }, first, count, waitReadable) {
  const frame = new Uint8Array(FRAME_SIZE);
  for (let seq = first; seq < first + count; seq++) {
    fill(wordsOf(frame), seq);
    if (!tx.write(frame)) throw new Error(`no room for frame ${seq}`);
    const outcome = await waitReadable();
    if (outcome !== "ready" || !rx.read(frame)) throw new Error(`${outcome} before the echo of frame ${seq}`);
    check(wordsOf(frame), seq);
  }
  return count;
}

/** Tells the echo to go its way. */
export function command({ tx }) {
  const frame = new Uint8Array(FRAME_SIZE);
  fill(wordsOf(frame), COMMAND);
  if (!tx.write(frame)) throw new Error("no room for the command");
}
