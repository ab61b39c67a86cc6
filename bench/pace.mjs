/** Frames that are sent at fixed times, and how long each was under way. */
import { Latencies } from "./latencies.mjs";

/** How to send bursts of `burst` frames, one every `every` ms, with `send(now)`. The thread spins between them. */
export function paced(send, { burst, every }) {
  return async (_from, n) => {
    const start = performance.now();
    for (let i = 0; i < n; i++) {
      const due = start + Math.floor(i / burst) * every;
      let now = performance.now();
      while (now < due) now = performance.now();
      send(performance.timeOrigin + now);
    }
  };
}

/** Takes `n` frames a round. */
export class Arrivals {
  latencies = new Latencies();
  left = 0;

  /** To be called for each frame, with what was sent. */
  add(sent) {
    this.latencies.add(performance.timeOrigin + performance.now() - sent);
    if (--this.left === 0) this.finish?.(this.latencies.take());
  }

  /** The far half of a contestant on its event loop. */
  take = (_from, n) => {
    this.left = n;
    return new Promise((resolve) => (this.finish = resolve));
  };
}
