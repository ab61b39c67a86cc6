/** Runs contestants in rounds, interleaved: one process each, and only one of them at work at a time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** First number of frames that a contestant is tried with. */
const FIRST = 64;
/** Longest wait for an answer, in ms. */
const PATIENCE = 20_000;
/** How many rounds' time it is warmed up. */
const WARM = 3;

/** A contestant that is running. */
export class Contestant {
  constructor(command, args) {
    this.process = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    this.frames = FIRST;
  }

  /** A contestant written in JavaScript. */
  static ofModule(node, flags, { module, task, params }) {
    const url = new URL(module, import.meta.url).href;
    return new Contestant(node, [
      ...flags,
      fileURLToPath(new URL("child.mjs", import.meta.url)),
      JSON.stringify({ module: url, task, params }),
    ]);
  }

  /** The next line of its answers. A contestant that gives none is ended. */
  async answer() {
    const timer = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE);
    const { value, done } = await this.lines.next();
    clearTimeout(timer);
    if (done) throw new Error(this.process.killed ? `no answer within ${PATIENCE / 1000} s` : "ended before its time");
    return JSON.parse(value);
  }

  /** Runs one round, of as many frames as shall take `ms` by what the last round took. */
  async round(ms) {
    const { frames } = this;
    this.process.stdin.write(`${JSON.stringify({ frames })}\n`);
    const figures = await this.answer();
    const next = Math.round((frames * ms) / figures.ms);
    this.frames = Math.min(Math.max(next, Math.ceil(frames / 4), 1), frames * 8);
    return { frames, ...figures };
  }

  /** Runs rounds until it is warm. */
  async warm(ms) {
    for (let total = 0; total < WARM * ms; ) total += (await this.round(ms)).ms;
  }

  /** Ends it. */
  async stop() {
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null || signalCode !== null) return;
    const timer = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE);
    const exit = once(this.process, "exit");
    this.process.stdin.end();
    await exit;
    clearTimeout(timer);
  }
}
