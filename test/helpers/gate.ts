/** Runs a gate of the verification as a child process with a deadline, so that a deadlock fails instead of hanging. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What a gate found: pairs of a label and a figure. */
export type Figures = readonly (readonly [label: string, figure: string])[];

const run = promisify(execFile);

/**
 * Runs the sample of a gate.
 *
 * @param program - path of the program, from the project's root
 * @param deadline - longest run, in ms
 * @param args - further arguments
 */
export async function sample(program: string, deadline: number, ...args: string[]): Promise<Figures> {
  const { stdout } = await run(process.execPath, [program, ...args], {
    timeout: deadline,
    killSignal: "SIGKILL",
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout.trim().split("\n").at(-1) as string) as Figures;
}
