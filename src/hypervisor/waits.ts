/** Waiting on one endpoint: spin briefly, then park until a ring, and look again (SPEC §8, "Waiting on a half"). */
import { expected, IvcError } from "../errors.ts";
import { pause } from "../memory.ts";
import type { IvcCookie } from "./cookie.ts";
import type { Interrupts } from "./interrupts.ts";

/**
 * How a wait ended, the first that holds:
 *
 * - `"closed"`: the endpoint is not reserved (any more)
 * - `"aborted"`: the signal was aborted (async waits)
 * - `"ready"`: what was waited for holds
 * - `"peer-down"`: the peer's thread has died; frames it published stay readable
 * - `"timed-out"`: up to 4 ms late, if it was rung for something else in its first sleep
 *
 * In waits for room, `"peer-down"` comes before `"ready"`.
 */
export type WaitOutcome = "closed" | "aborted" | "ready" | "peer-down" | "timed-out";

/** What a blocking wait takes besides its timeout. */
export interface WaitOptions {
  /**
   * How often to look before parking, a number ≥ 0: 0 parks at once, 2^30 and more never park, nor does Infinity (blocking
   * waits only: an async wait holds up the event loop while it spins). One look takes some 20 ns, or 45 where there is
   * `Atomics.pause`. Default 2000. A reader that emptied the queue after two frames or more looks away first, for 20 ns for
   * each, at most some 1.5 µs: the writer gets ahead, and both move frames faster.
   */
  readonly spin?: number | undefined;
}

/** What an async wait takes besides its timeout. */
export interface AsyncWaitOptions extends WaitOptions {
  /** Ends the wait as `"aborted"`. */
  readonly signal?: AbortSignal | undefined;
}

/** How often a wait looks before it parks, unless told otherwise: about as long as a park and a wake take. */
const DEFAULT_SPIN = 2000;
/** Looks that have no end. */
const ENDLESS: number = 2 ** 30 - 1;

/** Longest timeout, in ms: that of a timer. */
const MAX_TIMEOUT: number = 2 ** 31 - 1;

/** What is waited for at an endpoint. */
export interface Condition {
  /**
   * The least that has to be looked at, again and again, while the endpoint is reserved: how the wait ends if there is what
   * was waited for, else undefined.
   */
  readonly glance: (cookie: IvcCookie) => WaitOutcome | undefined;
  /** How the wait ends now, or undefined if it goes on. */
  readonly outcome: (cookie: IvcCookie) => WaitOutcome | undefined;
}

/** A frame can be read. A dead peer's last frame may have come after the first look. */
export const READABLE: Condition = {
  glance: ({ rx }) => (rx.canRead() ? "ready" : undefined),
  outcome: (cookie) => {
    if (!cookie.reserved) return "closed";
    if (cookie.rx.canRead()) return "ready";
    if (!cookie.peerDown) return undefined;
    return cookie.rx.canRead() ? "ready" : "peer-down";
  },
};

/** A frame can be written. */
export const WRITABLE: Condition = {
  glance: (cookie) => (cookie.tx.canWrite() ? WRITABLE.outcome(cookie) : undefined),
  outcome: (cookie) => {
    if (!cookie.reserved) return "closed";
    if (cookie.peerDown) return "peer-down";
    return cookie.tx.canWrite() ? "ready" : undefined;
  },
};

const linked = (cookie: IvcCookie): boolean => cookie.established && !cookie.holder.peerNeedsReset;

/** The link is established, and not about to be reset by the successor of a peer that died. */
export const ESTABLISHED_AGAIN: Condition = {
  glance: (cookie) => (linked(cookie) ? "ready" : undefined),
  outcome: (cookie) => {
    if (!cookie.reserved) return "closed";
    return linked(cookie) ? "ready" : undefined;
  },
};

/** Refuses a timeout that is no number of ms from 0 to {@link MAX_TIMEOUT}: every wait has an end. */
export function checkTimeout(timeout: number): void {
  if (typeof timeout !== "number" || !(timeout >= 0 && timeout <= MAX_TIMEOUT)) {
    throw expected("EINVAL", "timeout", `a number of ms from 0 to ${MAX_TIMEOUT}`, timeout);
  }
}

/** Refuses a spin out of range. Returns it as a small integer: V8 makes an object of any other number that is passed on. */
export function checkSpin(options: WaitOptions | undefined, usual: number, max: number): number {
  if (!options) return usual;
  const { spin } = options;
  if (spin === undefined) return usual;
  if (typeof spin !== "number" || !(spin >= 0 && spin <= max)) {
    throw expected("EINVAL", "spin", `a number from 0 to ${max}`, spin);
  }
  return spin < ENDLESS ? Math.ceil(spin) : ENDLESS;
}

/** Refuses to block where that is not allowed. */
export function checkMayBlock(interrupts: Interrupts, insteadUse: string): void {
  if (!interrupts.mayBlock) {
    throw new IvcError("EINVAL", `this thread may not block in Atomics.wait: use ${insteadUse} instead`);
  }
}

/** Looks at the condition alone between two looks at the rings, while spinning. */
const SPIN_ROUND = 64;
/** Looks at the rings between two looks at the clock, which allocate: about a millisecond. */
const CLOCK_ROUND = 1024;

/** Longest sleep whose end a wait does not look up on the clock, in ms: by so much it may be late. */
const UNTIMED = 4;

/** Frames that make a burst: a caller that gets its answers one by one is not held up. */
const BURST = 2;
/** Turns of {@link lull} for each frame of a burst: 20 ns, half as long as it takes to read one. */
const TURNS = 16;
/** Most turns: 1 to 2 µs. */
const MAX_TURNS = 1024;
/** Keeps the turns from being optimized away. */
let turned = 0;

/**
 * A reader that emptied the queue after a burst leaves the peer alone for a moment. If it looked all the time, it would
 * find one frame at a time from there on, and each would cost both of them the way between their cores.
 */
function lull(cookie: IvcCookie): void {
  const { consumed } = cookie.channel.rx;
  const frames = (consumed - cookie.lulledAt) >>> 0;
  cookie.lulledAt = consumed;
  if (frames < BURST) return;
  for (let i = Math.min(frames * TURNS, MAX_TURNS); i > 0; i--) turned = (Math.imul(turned, 31) + i) | 0;
}

/** Takes the rings that came, and runs the reset steps they ask for. */
function takeRings(interrupts: Interrupts): void {
  interrupts.collect();
  interrupts.runSteps();
}

/** Takes the rings, and looks at the condition. */
function look(interrupts: Interrupts, cookie: IvcCookie, condition: Condition): WaitOutcome | undefined {
  takeRings(interrupts);
  return condition.outcome(cookie);
}

/** As {@link look}, but now and then beyond the hints. Looks at the clock. */
function lookClosely(interrupts: Interrupts, cookie: IvcCookie, condition: Condition): WaitOutcome | undefined {
  interrupts.lookNowAndThen();
  return look(interrupts, cookie, condition);
}

/**
 * Looks up to `spin` times, with the line masked so that the peer does not pay for rings nobody needs. The deadline is
 * counted from the first look at the clock.
 */
function spinFor(cookie: IvcCookie, condition: Condition, spin: number, timeout: number): WaitOutcome | undefined {
  const { interrupts } = cookie.guest;
  interrupts.startPolling(cookie.line);
  if (condition === READABLE) lull(cookie);
  for (let left = spin, round = 1; left > 0; round++) {
    for (let i = Math.min(left, SPIN_ROUND); i > 0; i--) {
      const seen = condition.glance(cookie);
      if (seen !== undefined) return seen;
      pause();
    }
    const outcome = look(interrupts, cookie, condition);
    if (outcome !== undefined) return outcome;
    if (round % CLOCK_ROUND === 0) {
      interrupts.lookNowAndThen();
      if (interrupts.timeLeft(timeout) <= 0) return condition.outcome(cookie) ?? "timed-out";
    }
    if (spin !== ENDLESS) left -= SPIN_ROUND;
  }
  return undefined;
}

/** What every wait does before it parks: a look, and a spin. */
function waitBriefly(cookie: IvcCookie, condition: Condition, timeout: number, spin: number): WaitOutcome | undefined {
  const { interrupts } = cookie.guest;
  interrupts.deadline = 0;
  takeRings(interrupts);
  const seen = condition.glance(cookie);
  if (seen !== undefined) return seen;
  if (timeout === 0) return lookClosely(interrupts, cookie, condition) ?? "timed-out";
  return spin > 0 ? spinFor(cookie, condition, spin, timeout) : undefined;
}

/**
 * Sleeps, with the line parked, until the condition ends the wait. The first sleep is short, and needs no clock: a wait that
 * ends with it allocates nothing.
 */
function sleepFor(cookie: IvcCookie, condition: Condition, timeout: number): WaitOutcome {
  const { interrupts } = cookie.guest;
  let outcome = look(interrupts, cookie, condition);
  let left = timeout;
  if (outcome === undefined && interrupts.deadline === 0 && interrupts.arm()) {
    const nap = Math.min(timeout, UNTIMED);
    if (interrupts.sleep(nap)) left -= nap;
    outcome = condition.outcome(cookie) ?? look(interrupts, cookie, condition);
  }
  while (outcome === undefined) {
    left = interrupts.timeLeft(left);
    if (left <= 0) {
      interrupts.disarm();
      return "timed-out";
    }
    if (interrupts.arm()) interrupts.sleep(left);
    outcome = lookClosely(interrupts, cookie, condition);
  }
  return outcome;
}

/** Blocks the thread until the condition ends the wait. */
export function waitFor(
  cookie: IvcCookie,
  condition: Condition,
  timeout: number,
  options: WaitOptions | undefined,
  insteadUse: string,
): WaitOutcome {
  checkTimeout(timeout);
  const spin = checkSpin(options, DEFAULT_SPIN, Number.POSITIVE_INFINITY);
  const { guest, line } = cookie;
  if (cookie.peerVmid === guest.vmid) {
    throw new IvcError("EINVAL", `a guest may not block on a channel with itself: use ${insteadUse} instead`);
  }
  if (!cookie.reserved) return "closed";
  const { interrupts, eventLoop } = guest;
  const outcome = waitBriefly(cookie, condition, timeout, interrupts.mayBlock ? spin : 0);
  eventLoop.resume();
  if (outcome !== undefined) return outcome;
  checkMayBlock(interrupts, insteadUse);
  interrupts.park(line);
  try {
    return sleepFor(cookie, condition, timeout);
  } finally {
    interrupts.unpark(line);
    eventLoop.resume();
  }
}

/** Waits on the event loop until the condition ends the wait. */
export function waitForAsync(
  cookie: IvcCookie,
  condition: Condition,
  timeout: number,
  options: AsyncWaitOptions | undefined,
): Promise<WaitOutcome> {
  const signal = options?.signal;
  checkTimeout(timeout);
  const spin = checkSpin(options, DEFAULT_SPIN, Number.MAX_SAFE_INTEGER);
  if (!cookie.reserved) return Promise.resolve("closed");
  if (signal?.aborted) return Promise.resolve("aborted");
  const { eventLoop, vmid } = cookie.guest;
  const outcome = waitBriefly(cookie, condition, timeout, cookie.peerVmid === vmid ? 0 : spin);
  eventLoop.resume();
  return outcome === undefined ? eventLoop.wait(cookie, condition, timeout, signal) : Promise.resolve(outcome);
}
