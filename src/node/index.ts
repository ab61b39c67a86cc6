/**
 * Says the death of Node.js worker threads, so that their peers' waits end and their guests can return (SPEC §8).
 *
 * @module ivc-ring/node
 */
import { type ResourceLimits, type TransferListItem, Worker } from "node:worker_threads";
import { type GuestHandle, guestDown } from "../index.ts";
import type { Report, Request } from "./protocol.ts";

/**
 * Says that the guests of a worker are down when it exits, however it ends: `process.exit()`, an uncaught error, an
 * exhausted heap, `terminate()`, or its own end without detaching.
 *
 * The calling thread learns of the exit on its event loop. If it may be blocked then, start the worker from a
 * {@link Supervisor} instead.
 *
 * @param worker - started by this thread
 * @param guests - the handles that it was given
 */
export function superviseWorker(worker: Worker, guests: readonly GuestHandle[]): void {
  worker.once("exit", () => {
    for (const guest of guests) guestDown(guest);
  });
}

/** What a supervised worker is started with. The rest is as in `Worker` of `node:worker_threads`. */
export interface SupervisedWorkerOptions {
  /** The handles that the worker is given, in `workerData` or later: these guests are down when it exits. */
  readonly guests: readonly GuestHandle[];
  /** What the worker finds as `workerData`; cloned. */
  readonly workerData?: unknown;
  /** What of `workerData` is moved instead of cloned. */
  readonly transferList?: readonly TransferListItem[] | undefined;
  /** Appended to `process.argv` of the worker. */
  readonly argv?: readonly string[] | undefined;
  /** Its environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Its Node.js options. */
  readonly execArgv?: readonly string[] | undefined;
  /** Limits of its heap and stack. */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** Its name, for debugging. */
  readonly name?: string | undefined;
}

/** How a supervised worker ended. */
export interface WorkerExit {
  /** As of the `exit` event of a `Worker`. */
  readonly exitCode: number;
  /** What was thrown and not caught, if anything; undefined also if it could not be cloned. */
  readonly error?: unknown;
}

/** A worker that a {@link Supervisor} started. */
export class SupervisedWorker {
  /**
   * Resolves when the worker has ended and its guests are down. Never rejects; a thread that blocks learns the same from
   * its waits.
   */
  readonly exited: Promise<WorkerExit>;
  private readonly send: () => void;

  /** @internal */
  constructor(exited: Promise<WorkerExit>, send: () => void) {
    this.exited = exited;
    this.send = send;
  }

  /** Ends the worker, soon, even while this thread is blocked. Does nothing if it has ended. */
  terminate(): void {
    this.send();
  }
}

/**
 * Starts and supervises workers from a thread of its own. A thread blocked in `Atomics.wait` gets no `exit` events; with a
 * supervisor a worker's death reaches it all the same: its waits end as `"peer-down"`. The supervisor keeps the process
 * alive while it has workers.
 *
 * @example
 * ```ts
 * const supervisor = new Supervisor();
 * const handle = hypervisor.guest(1);
 * supervisor.start(new URL("./worker.js", import.meta.url), { guests: [handle], workerData: handle });
 * cookie.rx.waitReadable(1000); // "peer-down" as soon as the worker dies
 * ```
 */
export class Supervisor {
  private readonly thread: Worker;
  private readonly workers = new Map<number, SupervisedWorker>();
  private readonly ended = new Map<number, (exit: WorkerExit) => void>();
  private started = 0;

  /** Starts the supervising thread. */
  constructor() {
    this.thread = new Worker(new URL("./supervisor-thread.js", import.meta.url), { name: "ivc-ring supervisor" });
    this.thread.on("message", ({ id, ...exit }: Report) => {
      this.ended.get(id)?.(exit);
      this.ended.delete(id);
      this.workers.delete(id);
      this.updateRef();
    });
    this.updateRef();
  }

  /**
   * Starts a worker. Returns at once, and needs nothing more of this thread: it may block.
   *
   * @param filename - as for `Worker`: an absolute path, or a `file:` URL
   * @param options - its guests, and what it starts with
   * @returns the worker; if it cannot be started, it has exited with an error
   */
  start(filename: string | URL, options: SupervisedWorkerOptions): SupervisedWorker {
    const { transferList = [], ...rest } = options;
    const id = this.started++;
    const file = filename instanceof URL ? { href: filename.href } : { path: filename };
    this.post({ kind: "start", id, ...file, transferList, ...rest }, transferList);
    const exited = new Promise<WorkerExit>((resolve) => this.ended.set(id, resolve));
    const worker = new SupervisedWorker(exited, () => this.post({ kind: "terminate", id }));
    this.workers.set(id, worker);
    this.updateRef();
    return worker;
  }

  /** Ends all workers, which are down then, and the supervising thread. */
  async close(): Promise<void> {
    const workers = [...this.workers.values()];
    for (const worker of workers) worker.terminate();
    await Promise.all(workers.map((worker) => worker.exited));
    await this.thread.terminate();
  }

  private post(request: Request, transferList: readonly TransferListItem[] = []): void {
    this.thread.postMessage(request, transferList);
  }

  private updateRef(): void {
    if (this.workers.size > 0) this.thread.ref();
    else this.thread.unref();
  }
}
