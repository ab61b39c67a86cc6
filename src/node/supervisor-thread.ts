/** The thread of a supervisor: it only ever sits in its event loop, so exits reach it at once. */
import { parentPort, Worker } from "node:worker_threads";
import { guestDown } from "../index.ts";
import type { Report, Request, StartRequest } from "./protocol.ts";

const workers = new Map<number, Worker>();

parentPort?.on("message", (request: Request) => {
  if (request.kind === "start") start(request);
  else workers.get(request.id)?.terminate();
});

function start({ kind: _, id, href, path, guests, transferList, env, ...options }: StartRequest): void {
  let error: unknown;
  const ended = (exitCode: number): void => {
    workers.delete(id);
    for (const guest of guests) guestDown(guest);
    report(error === undefined ? { id, exitCode } : { id, exitCode, error });
  };
  try {
    const worker = new Worker(href === undefined ? (path as string) : new URL(href), {
      ...withoutUndefined(options),
      ...(env && { env: { ...env } }),
      transferList: [...transferList],
    });
    workers.set(id, worker);
    worker.once("error", (thrown) => {
      error = thrown instanceof Error ? cloneable(thrown) : thrown;
    });
    worker.once("exit", ended);
  } catch (thrown) {
    error = thrown;
    ended(1);
  }
}

function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Node.js makes the error of another thread in a way that structured clone takes for a plain object. */
function cloneable({ name, message, stack }: Error): Error {
  return Object.assign(new Error(message), { name, stack });
}

function report(message: Report): void {
  try {
    parentPort?.postMessage(message);
  } catch {
    parentPort?.postMessage({ id: message.id, exitCode: message.exitCode });
  }
}
