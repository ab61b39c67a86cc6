/** The command line. Geometry is not checked here: the library refuses what is wrong, and says why. */
import { cac } from "cac";
import { UserError } from "./errors.ts";
import { isWaitMode, WAIT_MODES, type WaitMode } from "./link.ts";

export interface Options {
  readonly file: string;
  readonly frameSize: number;
  readonly nframes: number;
  readonly wait: WaitMode;
  readonly crash: boolean;
}

/** The options, or undefined if the user asked for help and got it. */
export function readOptions(argv: string[]): Options | undefined {
  const cli = cac("npm start --");
  let options: Options | undefined;
  cli
    .command("[file]", "Move a file to a worker and back (default: the running Node binary)")
    .option("--frame-size <bytes>", "Bytes in a frame, a multiple of 64", { default: 1024 })
    .option("--frames <n>", "Frames in each ring", { default: 4096 })
    .option("--wait <mode>", `How both ends wait: ${WAIT_MODES.join(", ")}`, { default: "both" })
    .option("--crash", "Kill the worker half way, and go on with a new one", { default: false })
    .action((file: string = process.execPath, { frameSize, frames, wait, crash }) => {
      if (!isWaitMode(wait)) throw new UserError(`expected --wait to be one of ${WAIT_MODES.join(", ")}, got ${wait}`);
      options = { file, frameSize, nframes: frames, wait, crash };
    });
  cli.help();
  try {
    cli.parse(argv);
  } catch (error) {
    if (error instanceof Error && error.name === "CACError") throw new UserError(error.message);
    throw error;
  }
  return options;
}
