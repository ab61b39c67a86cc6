/** One message there and back, again and again. */
import { createHistogram, type Histogram } from "node:perf_hooks";
import type { IvcCookie } from "ivc-ring";
import { expectReady, type Link, TIMEOUT } from "./link.ts";
import { encode, kindOf } from "./messages.ts";

/** Longest measurement, in ms: on a busy machine a round trip can take many time slices. */
const BUDGET = 2000;

/**
 * Measures round trips, in ns.
 *
 * @param spin - how both ends wait: Infinity never parks, 0 parks at once
 */
export async function measureRoundTrips(
  link: Link,
  spin: number,
  most: number,
  onProgress: (done: number) => void,
): Promise<Histogram> {
  const { tx, rx } = link.cookie;
  const options = { spin };
  const ping = encode("ping");
  const pong = new Uint8Array(ping.length);
  const histogram = createHistogram();
  await link.send("echo", spin);
  // With rings of one frame, there is room for the first ping only once the command has been read.
  expectReady(tx.waitWritable(TIMEOUT, options));
  const end = performance.now() + BUDGET;
  for (let done = 0, now = 0; done < most && now < end; onProgress(++done)) {
    const start = performance.now();
    tx.write(ping);
    expectReady(rx.waitReadable(TIMEOUT, options));
    rx.read(pong);
    now = performance.now();
    histogram.record(Math.max(1, Math.round((now - start) * 1e6)));
  }
  await link.send("stop");
  return histogram;
}

/** The other end: sends back what comes, until it is told to stop. */
export function echo({ tx, rx }: IvcCookie, spin: number): void {
  const options = { spin };
  const message = new Uint8Array(64);
  for (;;) {
    expectReady(rx.waitReadable(TIMEOUT, options));
    rx.read(message);
    if (kindOf(message) === "stop") return;
    tx.write(message);
  }
}
