/** Guest 1: attaches, says how much of the file it has, and serves the commands of guest 0 (see messages.ts). */
import { type MessagePort, workerData } from "node:worker_threads";
import { attach, type GuestHandle } from "ivc-ring";
import { collect, postChunks } from "./baseline.ts";
import { expectReady, Link, type WaitMode } from "./link.ts";
import type { Message } from "./messages.ts";
import { echo } from "./round-trips.ts";
import { sha256 } from "./sha256.ts";
import { Sink } from "./sink.ts";

export interface WorkerData {
  readonly handle: GuestHandle;
  readonly wait: WaitMode;
  /** For the comparison with `postMessage`. */
  readonly port: MessagePort;
}

const { handle, wait, port } = workerData as WorkerData;
const guest = attach(handle);
const cookie = guest.reserve(0);
const sink = new Sink(guest.reserveMempool(0));
const link = new Link(cookie, wait);

// After a crash the endpoint starts a reset by itself; it takes both ends.
expectReady(await link.waitEstablished());
await link.send("ready", sink.received);
let more = true;
while (more) more = await serve(await link.receiveAny());
port.close();
guest.detach();

/** Whether to go on. */
async function serve({ kind, value }: Message): Promise<boolean> {
  const rings = cookie.rings;
  switch (kind) {
    case "receive":
      await link.receiveBytes(sink.bytes.subarray(0, value), sink.received, (received) => {
        sink.received = received;
      });
      await link.send("received", cookie.rings - rings);
      return true;
    case "return":
      await link.sendBytes(sink.bytes.subarray(0, value), 0);
      await link.send("returned", cookie.rings - rings);
      return true;
    case "hash":
      await link.send("hash", 0, sha256(sink.bytes.subarray(0, value)));
      return true;
    case "echo":
      echo(cookie, value);
      return true;
    case "collect": {
      const collected = collect(port, sink.bytes.subarray(0, value));
      await link.send("collecting");
      await collected;
      await link.send("received");
      return true;
    }
    case "post":
      postChunks(port, sink.bytes.subarray(0, value), cookie.frameSize);
      await link.send("returned");
      return true;
    default:
      return false;
  }
}
