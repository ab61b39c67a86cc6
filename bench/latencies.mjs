/** Latencies of the frames of one round. */
import { createHistogram } from "node:perf_hooks";

export class Latencies {
  histogram = createHistogram();

  /** Adds one, in ms. */
  add(ms) {
    this.histogram.record(Math.max(1, Math.round(ms * 1e6)));
  }

  /** The percentiles so far, in µs; forgets them. */
  take() {
    const [p50, p99, p999] = [50, 99, 99.9].map((percentile) => this.histogram.percentile(percentile) / 1000);
    this.histogram.reset();
    return { p50, p99, p999 };
  }
}

/** What share of the round trips is timed one by one, which takes time itself. */
const SINGLE = 0.25;

/** How to make round trips with `trip(i)`, which returns when the answer is there. */
export function trips(trip) {
  const latencies = new Latencies();
  return (from, n) => {
    const together = Math.ceil(n * (1 - SINGLE));
    const start = performance.now();
    for (let i = from; i < from + together; i++) trip(i);
    const ms = performance.now() - start;
    for (let i = from + together; i < from + n; i++) {
      const before = performance.now();
      trip(i);
      latencies.add(performance.now() - before);
    }
    return { frames: together, ms, ...latencies.take() };
  };
}

/** Round trips of which each begins when an event has ended the last. */
export class EventTrips {
  latencies = new Latencies();
  next = 0;
  end = 0;

  /** @param send - `send(i)` begins a trip */
  constructor(send) {
    this.send = send;
  }

  /** Makes the trips. */
  run = (from, n) => {
    this.next = from;
    this.end = from + n;
    return new Promise((resolve) => {
      this.finish = resolve;
      this.begin();
    });
  };

  begin() {
    this.began = performance.now();
    this.send(this.next);
  }

  /** To be called when an answer is there. */
  answered() {
    this.latencies.add(performance.now() - this.began);
    if (++this.next < this.end) this.begin();
    else this.finish(this.latencies.take());
  }
}
