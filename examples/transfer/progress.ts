/** A progress bar that can be updated from a loop which never yields to the event loop. Silent unless on a terminal. */
import { Presets, SingleBar } from "cli-progress";

export class Progress {
  private readonly bar = new SingleBar(
    { format: "{phase} {bar} {percentage}%", hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  );
  private phase = "";
  private total = 0;
  private shown = 0;

  start(phase: string, total: number, done = 0): void {
    this.bar.stop();
    this.phase = phase;
    this.total = total;
    this.shown = done;
    this.bar.start(total, done, { phase: phase.padEnd(30) });
  }

  /** Called for every few frames, so most calls must cost nothing. */
  readonly update = (done: number): void => {
    if (done - this.shown < this.total / 100) return;
    this.shown = done;
    this.bar.update(done);
  };

  /** Prints a line above the bar. */
  say(line: string): void {
    this.bar.stop();
    console.log(line);
    this.start(this.phase, this.total, this.shown);
  }

  stop(): void {
    this.bar.stop();
  }
}
