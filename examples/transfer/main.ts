/**
 * The main job, `npm start [-- FILE] [options]`: moves a file to a worker and back, compares hashes, and measures.
 *
 * Where to look: `transfer.ts` is what this thread does as guest 0, `worker.ts` what the worker does as guest 1, `link.ts`
 * how either moves bytes in frames and waits, `sink.ts` what survives the worker.
 */
import { IvcError } from "ivc-ring";
import { UserError } from "./errors.ts";
import { readOptions } from "./options.ts";
import { transfer } from "./transfer.ts";

try {
  const options = readOptions(process.argv);
  if (options && !(await transfer(options))) process.exitCode = 1;
} catch (error) {
  if (!isForUser(error)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

/** Whether the message says it all: a bad argument, an unreadable file, no memory, a dead worker. */
function isForUser(error: unknown): error is Error {
  return (
    error instanceof UserError ||
    error instanceof IvcError ||
    error instanceof RangeError ||
    (error instanceof Error && "syscall" in error)
  );
}
