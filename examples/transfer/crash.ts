/** The way to the worker, with its death half way. */
import { LinkError } from "./errors.ts";
import { expectReady, type Link } from "./link.ts";
import type { Progress } from "./progress.ts";
import type { Passage } from "./ring.ts";
import { megabytes, milliseconds } from "./units.ts";
import type { WorkerGuest } from "./worker-guest.ts";

/**
 * Sends the file, kills the worker when half of it is on its way, starts another, and goes on from where the sink says.
 * The time between death and return does not count.
 */
export async function sendWithCrash(
  link: Link,
  file: Uint8Array,
  guest: WorkerGuest,
  progress: Progress,
): Promise<Passage> {
  const { cookie } = link;
  const { rings, session, frameSize } = cookie;
  const firstFrames = (share: number): Uint8Array => {
    return file.subarray(0, Math.floor((file.length / frameSize) * share) * frameSize);
  };
  let sent = 0;
  const onProgress = (bytes: number): void => {
    sent = bytes;
    progress.update(bytes);
  };

  const start = performance.now();
  await link.send("receive", file.length);
  await link.sendBytes(firstFrames(1 / 2), 0, onProgress);

  const killed = performance.now();
  guest.kill();
  const sentBefore = sent;
  await expectDeath(async () => {
    // The worker runs on for a moment, and so does this end. It must not get to the end of the file, though.
    await link.sendBytes(firstFrames(3 / 4), sent, onProgress);
    expectReady(await link.waitReadable());
  });
  const down = performance.now();
  progress.say(`worker killed at ${megabytes(sentBefore)}; link down after ${milliseconds(down - killed)}`);

  const restarted = performance.now();
  guest.restart();
  expectReady(await link.waitEstablished());
  const established = performance.now();
  const { value: received } = await link.receive("ready");
  const resumed = performance.now();
  const again = Math.ceil((sent - received) / frameSize);
  progress.say(
    `new worker attached; link re-established after ${milliseconds(established - restarted)} ` +
      `(session ${session} → ${cookie.session}); resumed at ${megabytes(received)} (${again} frames to be sent again)`,
  );

  await link.send("receive", file.length);
  await link.sendBytes(file, received, onProgress);
  const { value: workersRings } = await link.receive("received");
  const ms = performance.now() - start - (resumed - down);
  return { ms, rings: cookie.rings - rings + workersRings };
}

/** Does what must be ended by the death of the peer. */
async function expectDeath(doWork: () => Promise<void>): Promise<void> {
  try {
    await doWork();
  } catch (error) {
    if (error instanceof LinkError && error.outcome === "peer-down") return;
    throw error;
  }
  throw new LinkError("ready");
}
