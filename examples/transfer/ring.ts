/** The file through the ring, as guest 0 sees it: to the worker, and back. */
import type { Link, OnProgress } from "./link.ts";

/** The file's way in one direction. */
export interface Passage {
  /** From before the first frame was sent until all had arrived. */
  readonly ms: number;
  /** Rings that both ends sent; undefined where there are none. */
  readonly rings?: number;
}

export async function sendToWorker(link: Link, file: Uint8Array, onProgress: OnProgress): Promise<Passage> {
  const { rings } = link.cookie;
  const start = performance.now();
  await link.send("receive", file.length);
  await link.sendBytes(file, 0, onProgress);
  const { value: workersRings } = await link.receive("received");
  return { ms: performance.now() - start, rings: link.cookie.rings - rings + workersRings };
}

export async function receiveBack(link: Link, into: Uint8Array, onProgress: OnProgress): Promise<Passage> {
  const { rings } = link.cookie;
  const start = performance.now();
  await link.send("return", into.length);
  await link.receiveBytes(into, 0, onProgress);
  const ms = performance.now() - start;
  const { value: workersRings } = await link.receive("returned");
  return { ms, rings: link.cookie.rings - rings + workersRings };
}
