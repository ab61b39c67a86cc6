/**
 * The same file by `postMessage`, for comparison: a chunk for each message, as large as a frame, cloned. Only the file
 * goes this way: when to start and what has arrived is said by the link, as ever.
 */
import type { MessagePort } from "node:worker_threads";
import { expectReady, type Link, type OnProgress, TIMEOUT } from "./link.ts";
import type { Passage } from "./ring.ts";

export async function postToWorker(
  link: Link,
  port: MessagePort,
  file: Uint8Array,
  onProgress: OnProgress,
): Promise<Passage> {
  await link.send("collect", file.length);
  await link.receive("collecting");
  const start = performance.now();
  postChunks(port, file, link.cookie.frameSize, onProgress);
  await link.receive("received");
  return { ms: performance.now() - start };
}

export async function collectBack(
  link: Link,
  port: MessagePort,
  into: Uint8Array,
  onProgress: OnProgress,
): Promise<Passage> {
  const collected = collect(port, into, onProgress);
  const start = performance.now();
  await link.send("post", into.length);
  // Messages come by the event loop, so this thread must not block now, whatever the wait mode.
  expectReady(await link.cookie.rx.waitReadableAsync(TIMEOUT));
  await collected;
  const ms = performance.now() - start;
  await link.receive("returned");
  return { ms };
}

/** Posts `bytes` in chunks. */
export function postChunks(port: MessagePort, bytes: Uint8Array, chunkSize: number, onProgress?: OnProgress): void {
  // One array for all: postMessage clones it before it returns. (A subarray of `bytes` would clone all of its buffer.)
  const chunk = new Uint8Array(chunkSize);
  for (let at = 0; at < bytes.length; at += chunkSize) {
    const part = bytes.subarray(at, at + chunkSize);
    chunk.set(part);
    port.postMessage(part.length === chunkSize ? chunk : chunk.slice(0, part.length));
    onProgress?.(at + part.length);
  }
}

/** Receives chunks into `bytes` until it is full. */
export function collect(port: MessagePort, bytes: Uint8Array, onProgress?: OnProgress): Promise<void> {
  return new Promise((resolve) => {
    let received = 0;
    const take = (chunk: Uint8Array): void => {
      bytes.set(chunk, received);
      received += chunk.length;
      onProgress?.(received);
      if (received < bytes.length) return;
      port.off("message", take);
      resolve();
    };
    if (bytes.length === 0) resolve();
    else port.on("message", take);
  });
}
