/** The main job, as guest 0 does it: the phases one after the other. */
import { readFileSync, statSync } from "node:fs";
import type { Histogram } from "node:perf_hooks";
import { attach, Hypervisor } from "ivc-ring";
import { collectBack, postToWorker } from "./baseline.ts";
import { sendWithCrash } from "./crash.ts";
import { LinkError, UserError } from "./errors.ts";
import { Link } from "./link.ts";
import type { Options } from "./options.ts";
import { Progress } from "./progress.ts";
import { type Results, report, type Way } from "./report.ts";
import { type Passage, receiveBack, sendToWorker } from "./ring.ts";
import { measureRoundTrips } from "./round-trips.ts";
import { sha256 } from "./sha256.ts";
import { Sink } from "./sink.ts";
import { count, megabytes } from "./units.ts";
import { WorkerGuest } from "./worker-guest.ts";

/** The sink counts bytes in a word of 32 bits. */
const MAX_FILE_SIZE = 2 ** 31 - 1;
/** What goes each way, by either means, before anything is timed: else compilers and page faults are measured. */
const WARM_UP_FRAMES = 50_000;
const WARM_UP_BYTES = 64e6;
const SPINNING_ROUND_TRIPS = 20_000;
const PARKING_ROUND_TRIPS = 10_000;

/** Moves the file and prints what came of it. Whether all hashes are equal. */
export async function transfer(options: Options): Promise<boolean> {
  const file = readFile(options.file);
  if (options.crash && file.length === 0) throw new UserError("expected --crash to go with a file that is not empty");
  const { nframes, frameSize, wait } = options;
  const hypervisor = new Hypervisor({
    queues: [{ id: 0, peers: [0, 1], nframes, frameSize }],
    mempools: [{ id: 0, peers: [0, 1], size: Sink.sizeFor(file.length) }],
  });
  console.log(
    `${options.file}: ${megabytes(file.length)} in ${count(Math.ceil(file.length / frameSize))} frames of ` +
      `${frameSize} bytes; rings of ${nframes} frames; wait: ${wait}`,
  );
  const guest = attach(hypervisor.guest(0));
  const link = new Link(guest.reserve(0), wait);
  const sink = new Sink(guest.reserveMempool(0));
  const worker = new WorkerGuest(hypervisor, wait);
  const progress = new Progress();
  try {
    const results = await new Transfer(file, link, sink, worker, progress).run(options.crash);
    progress.stop();
    return report(results);
  } catch (error) {
    progress.stop();
    if (error instanceof LinkError && error.outcome === "peer-down") await worker.died();
    throw error;
  } finally {
    guest.detach();
    await worker.close();
  }
}

function readFile(path: string): Uint8Array {
  const stats = statSync(path);
  if (stats.isDirectory()) throw new UserError(`expected a file, got a directory: ${path}`);
  if (!stats.isFile()) throw new UserError(`expected a file, got something without an end: ${path}`);
  if (stats.size > MAX_FILE_SIZE) {
    throw new UserError(`expected a file of at most ${MAX_FILE_SIZE} bytes, got ${stats.size}: ${path}`);
  }
  // Not as a Buffer: its subarray is slower than that of a plain Uint8Array, and is called for each frame.
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A means to move bytes to the worker and back. */
interface Means {
  readonly name: string;
  send(bytes: Uint8Array): Promise<Passage>;
  receive(into: Uint8Array): Promise<Passage>;
}

class Transfer {
  private readonly file: Uint8Array;
  /** What came back. */
  private readonly returned: Uint8Array;
  private readonly link: Link;
  private readonly sink: Sink;
  private readonly worker: WorkerGuest;
  private readonly progress: Progress;

  constructor(file: Uint8Array, link: Link, sink: Sink, worker: WorkerGuest, progress: Progress) {
    this.file = file;
    this.returned = new Uint8Array(file.length);
    this.link = link;
    this.sink = sink;
    this.worker = worker;
    this.progress = progress;
  }

  async run(crash: boolean): Promise<Results> {
    const { file, link, worker, progress } = this;
    const { frameSize } = link.cookie;
    const { update } = progress;
    const ring: Means = {
      name: "ring",
      send: (bytes) => sendToWorker(link, bytes, update),
      receive: (into) => receiveBack(link, into, update),
    };
    const ringWithCrash: Means = { ...ring, send: (bytes) => sendWithCrash(link, bytes, worker, progress) };
    const postMessage: Means = {
      name: "postMessage",
      send: (bytes) => postToWorker(link, worker.port, bytes, update),
      receive: (into) => collectBack(link, worker.port, into, update),
    };

    // A worker that fails before it has attached is not down, it was never up: only its exit tells, on the event loop.
    await Promise.race([new Link(link.cookie, "listen").receive("ready"), worker.died()]);
    const head = file.subarray(0, Math.min(WARM_UP_FRAMES * frameSize, WARM_UP_BYTES));
    await this.move(head, ring, "warm-up, ");
    await this.move(head, postMessage, "warm-up, ");

    const byRing = await this.move(file, crash ? ringWithCrash : ring);
    const byPostMessage = await this.move(file, postMessage);
    const spinning = await this.roundTrips("spinning", Infinity, SPINNING_ROUND_TRIPS);
    const parking = await this.roundTrips("parking", 0, PARKING_ROUND_TRIPS);
    await link.send("quit");
    return { bytes: file.length, frameSize, sent: sha256(file), byRing, byPostMessage, spinning, parking };
  }

  private async move(bytes: Uint8Array, means: Means, phase = ""): Promise<Way> {
    const { link, sink, progress } = this;
    // What has been moved before is forgotten; this also brings in the pages, which else would be timed.
    sink.clear();
    const returned = this.returned.fill(0).subarray(0, bytes.length);

    progress.start(`${phase}${means.name}, to the worker`, bytes.length);
    const to = await means.send(bytes);
    await link.send("hash", bytes.length);
    const { digest: seen } = await link.receive("hash");

    progress.start(`${phase}${means.name}, back`, bytes.length);
    const back = await means.receive(returned);
    return { to, back, seen, returned: sha256(returned) };
  }

  private roundTrips(how: string, spin: number, most: number): Promise<Histogram> {
    const { link, progress } = this;
    progress.start(`round trips, ${how}`, most);
    return measureRoundTrips(link, spin, most, progress.update);
  }
}
