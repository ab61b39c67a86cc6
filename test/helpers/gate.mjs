/**
 * What a gate of the verification shares with the others. A gate is a program: alone it takes a sample, with `--full` it
 * runs at the size that docs/verification.md reports. It tells its progress on stderr, and as its last line on stdout what it
 * found; it ends with an exit code other than 0, and says why on stderr, if what it shall show does not hold.
 */

/** Whether to run at full size. */
export const full = process.argv.includes("--full");

/** One of two sizes: of a sample, and of the full run. */
export function size(sample, whole) {
  return full ? whole : sample;
}

let last = 0;

/** Tells how far the gate is, at most once a second. `done` of `total`, of what `unit` says. */
export function progress(done, total, unit) {
  const now = performance.now();
  if (now - last < 1000 && done < total) return;
  last = now;
  process.stderr.write(`${Math.floor((100 * done) / total)} % of ${total.toLocaleString("en")} ${unit}\n`);
}

/** Ends the gate's output: what it found, as pairs of a label and a figure. */
export function report(figures) {
  console.log(JSON.stringify(figures.map(([label, figure]) => [label, String(figure)])));
}
