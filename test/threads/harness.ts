/** Starts worker threads for a test, hears what they report, and lets none of them hang: it fails and says where. */
import { on } from "node:events";
import { type ResourceLimits, Worker } from "node:worker_threads";
import type { GuestHandle } from "ivc-ring";
import { afterEach } from "vitest";
import { dump } from "./workers/peek.mjs";

/** Longest silence of a worker, in ms. */
const DEADLINE = 25_000;

const running = new Set<Worker>();

afterEach(async () => {
  await Promise.all([...running].map((worker) => worker.terminate()));
});

/** What a worker may be given besides its data. */
export interface ThreadOptions {
  readonly resourceLimits?: ResourceLimits;
  /** Handles of the guests to describe when the worker is silent for too long. */
  readonly watch?: readonly GuestHandle[];
  /** What is too long, in ms. */
  readonly deadline?: number;
}

/** A worker of this test, ended with it. */
export class Thread {
  readonly worker: Worker;
  private readonly file: string;
  private readonly watch: readonly GuestHandle[];
  private readonly longest: number;
  private readonly messages: AsyncIterator<[unknown]>;
  private readonly exit: Promise<unknown>;

  /**
   * @param file - in the folder `workers`
   * @param workerData - what it finds as such
   */
  constructor(file: string, workerData: object, { watch = [], deadline = DEADLINE, ...options }: ThreadOptions = {}) {
    this.file = file;
    this.watch = watch;
    this.longest = deadline;
    this.worker = new Worker(new URL(`workers/${file}`, import.meta.url), { workerData, ...options });
    this.messages = on(this.worker, "message", { close: ["exit"] }) as AsyncIterator<[unknown]>;
    this.exit = new Promise((resolve) => this.worker.once("exit", resolve));
    running.add(this.worker);
    this.exit.then(() => running.delete(this.worker));
  }

  /** The next message of the worker; an error if it throws, ends or is silent instead. */
  async hear<Message>(): Promise<Message> {
    const next = await this.deadline(this.messages.next());
    if (next.done) throw new Error(`${this.file} ended without a word`);
    return next.value[0] as Message;
  }

  /** Sends a message to the worker. */
  tell(message: unknown): void {
    this.worker.postMessage(message);
  }

  /** Resolves when the worker has ended. */
  async ended(): Promise<void> {
    await this.deadline(this.exit);
  }

  private deadline<T>(promise: Promise<T>): Promise<T> {
    return before(this.longest, promise, () => `${this.file} is silent\n${dump(this.watch)}`);
  }
}

/** What a promise resolves to, unless it takes longer than `timeout` ms. */
export async function before<T>(timeout: number, promise: Promise<T>, why: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`after ${timeout} ms: ${why()}`)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until a condition holds that another thread brings about. */
export async function until(condition: () => boolean, what: string, watch: readonly GuestHandle[]): Promise<void> {
  const deadline = performance.now() + DEADLINE;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`expected ${what}\n${dump(watch)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
