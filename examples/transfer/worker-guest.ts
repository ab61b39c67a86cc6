/** Guest 1, seen from outside: the worker that is it now. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { Hypervisor } from "ivc-ring";
import { type SupervisedWorker, Supervisor } from "ivc-ring/node";
import { UserError } from "./errors.ts";
import type { WaitMode } from "./link.ts";
import type { WorkerData } from "./worker.ts";

export class WorkerGuest {
  // The main thread blocks while it waits, so the workers need a supervisor on a thread of its own.
  private readonly supervisor = new Supervisor();
  private readonly hypervisor: Hypervisor;
  private readonly wait: WaitMode;
  private worker: SupervisedWorker;
  /** To the worker, for `postMessage`. */
  port: MessagePort;

  /** Starts the first worker. */
  constructor(hypervisor: Hypervisor, wait: WaitMode) {
    this.hypervisor = hypervisor;
    this.wait = wait;
    [this.worker, this.port] = this.start();
  }

  /** Kills the worker, soon: it may run on for a moment. */
  kill(): void {
    this.worker.terminate();
  }

  /** Starts a worker in the place of one that has died. */
  restart(): void {
    [this.worker, this.port] = this.start();
  }

  /** Rejects when the worker has ended. */
  async died(): Promise<never> {
    const { exitCode, error } = await this.worker.exited;
    throw new UserError(`the worker died: ${error instanceof Error ? error.message : `exit code ${exitCode}`}`);
  }

  close(): Promise<void> {
    this.port.close();
    return this.supervisor.close();
  }

  private start(): [SupervisedWorker, MessagePort] {
    // A handle is good for one attachment: each worker gets one of its own.
    const handle = this.hypervisor.guest(1);
    const { port1, port2 } = new MessageChannel();
    const workerData: WorkerData = { handle, wait: this.wait, port: port2 };
    const worker = this.supervisor.start(new URL("./worker.js", import.meta.url), {
      guests: [handle],
      workerData,
      transferList: [port2],
    });
    return [worker, port1];
  }
}
