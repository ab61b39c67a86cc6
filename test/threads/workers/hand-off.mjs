/**
 * Two threads hand a turn to and fro, as a ringer and a sleeper of the library do: the ringer sets a bit of the other's wake
 * word and notifies iff that one said that it sleeps; the sleeper says so, and sleeps unless there was a ring.
 */

const RUNG = 1;
const SLEEPING = 1 << 31;
/** A sleep as long as this, in ms, is a lost wake-up. */
const LOST = 5_000;
/** Longest pause before a sleep, in turns of an empty loop: about as long as a wake-up takes. */
const PAUSE = 60_000;
/** How often to look, at most, at what the other is about to do. */
const LOOKS = 50_000;
/** Every so many hand-offs both sides see to it that the ring comes just when the other is about to sleep. */
const CLOSE = 32;
/** Word where a side counts its rings, after the wake words of both. */
const RINGS = 2;

/**
 * How a sleep went: never `"timed-out"`. Stale: woken by a ringer who had notified too late for the ring that was taken
 * already, so that there was none to take; the sleeper has to sleep again.
 */
export const ARRIVALS = ["rung before it would sleep", "not-equal", "ok", "stale", "timed-out"];
const STALE = ARRIVALS.indexOf("stale");
const TIMED_OUT = ARRIVALS.indexOf("timed-out");

/** Takes and gives back the turn `rounds` times. Answers how often it came in which way, as {@link ARRIVALS}. */
export function handOver(side, rounds, wake, random) {
  const counts = ARRIVALS.map(() => 0);
  const own = side;
  const other = 1 - side;
  /** Ends at any time, or just when the other begins to ring for the `due`-th time. */
  const pause = (due) => {
    if (due % CLOSE === 0) for (let looks = 0; looks < LOOKS && Atomics.load(wake, RINGS + other) < due; looks++);
    else for (let turns = random() * random() * PAUSE; turns > 0; turns--);
  };
  /** Rings at once, or just when the other is about to sleep. */
  const ring = () => {
    const count = Atomics.add(wake, RINGS + own, 1) + 1;
    if (count % CLOSE === 0) for (let looks = 0; looks < LOOKS && Atomics.load(wake, other) !== SLEEPING; looks++);
    if (Atomics.or(wake, other, RUNG) & SLEEPING) Atomics.notify(wake, other);
  };
  for (let round = 0; round < rounds; round++) {
    if (side === 0 || round > 0) {
      ring();
      pause(round + 1);
    }
    for (let arrived = false; !arrived; ) {
      let arrival = 0;
      if ((Atomics.or(wake, own, SLEEPING) & RUNG) === 0) {
        // As if it lost its core here: until it is rung, or not quite so long.
        const most = (round + 1) % CLOSE === 0 ? LOOKS * random() : 0;
        for (let looks = 0; looks < most && Atomics.load(wake, own) === SLEEPING; looks++);
        arrival = ARRIVALS.indexOf(Atomics.wait(wake, own, SLEEPING, LOST));
      }
      arrived = (Atomics.exchange(wake, own, 0) & RUNG) !== 0;
      counts[arrived || arrival === TIMED_OUT ? arrival : STALE]++;
    }
  }
  if (side === 1) ring();
  return counts;
}
