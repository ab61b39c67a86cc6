/** Runs contestants in rounds, interleaved: one process each, and only one of them at work at a time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** First number of frames that a contestant is tried with. */
const FIRST = 64;
/** Longest wait for an answer, in ms. */
const PATIENCE = 20_000;
/** It is warm when so many rounds in a row were no faster than one before by a twentieth, */
const STEADY = 5;
const FASTER = 0.95;
/** or after so many ms. */
const WARM = 800;

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
    let best = Number.POSITIVE_INFINITY;
    for (let total = 0, steady = 0; steady < STEADY && total < WARM; steady++) {
      const round = await this.round(ms);
      const each = round.ms / round.frames;
      if (each < FASTER * best) steady = 0;
      best = Math.min(best, each);
      total += round.ms;
    }
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
