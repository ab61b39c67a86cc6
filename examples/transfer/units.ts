/** Figures for people. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}

export function microseconds(ns: number): string {
  return `${(ns / 1e3).toFixed(1)} µs`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
