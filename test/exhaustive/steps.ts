/** The steps of an end's work: calls at any time and in any order, and frames that are sent and received in every way. */
import type { End, Step } from "./end.ts";
import { FRAME_SIZE } from "./worlds.ts";

/** Longest wait, in ms: a slice, and a rest. */
export const TIMEOUT = 260;

/** A private frame filled with a byte. */
function frameOf(value: number, length: number = FRAME_SIZE): Uint8Array {
  return new Uint8Array(length).fill(value);
}

/** A call that an end may make, if it may. */
interface Call {
  readonly allowed: (end: End) => boolean;
  readonly make: (end: End) => void;
}

const always = (): boolean => true;

/** Sends a frame, if there is room. */
export const trySend: Call = {
  allowed: (end) => end.sends > 0,
  make: (end) => {
    if (end.halves.tx.write(frameOf(end.nextTag()))) {
      end.sent(1);
      end.sends--;
    }
  },
};

/** Receives a frame, if there is one. */
export const tryReceive: Call = {
  allowed: always,
  make: (end) => {
    const into = new Uint8Array(FRAME_SIZE);
    if (end.halves.rx.read(into)) end.received(into[0]);
  },
};

/** Runs a step of the handshake. */
export const notified: Call = { allowed: always, make: (end) => void end.channel?.notified() };

/** Starts a reset. */
export const reset: Call = {
  allowed: (end) => end.resets > 0,
  make: (end) => {
    end.resets--;
    end.channel?.reset();
  },
};

/** Serves whatever has rung. */
export const poll: Call = { allowed: always, make: (end) => void end.guest?.poll() };

/** Sleeps until something rings, and serves it. */
export const sleep: Call = { allowed: always, make: (end) => void end.guest?.wait(TIMEOUT) };

/** Waits until the link is established, or a while. */
export const waitEstablished: Call = {
  allowed: always,
  make: (end) => void end.cookie?.waitEstablished(TIMEOUT, { spin: 0 }),
};

/** Waits until a frame can be read, or a while. */
export const waitReadable: Call = {
  allowed: always,
  make: (end) => void end.cookie?.rx.waitReadable(TIMEOUT, { spin: 0 }),
};

/** Makes a call once. */
export function once(call: (end: End) => void): Step {
  return (end) => {
    call(end);
    return true;
  };
}

/** Makes any of the calls, in any order and number, until it chooses not to go on. */
export function anyOf(...calls: readonly Call[]): Step {
  return (end) => {
    const allowed = calls.filter((call) => call.allowed(end));
    const way = end.environment.recorder.choose(allowed.length + (end.mayStop ? 1 : 0));
    allowed[way]?.make(end);
    return way === allowed.length;
  };
}

/** Makes all of the calls, one after the other. */
export function allOf(...calls: readonly Call[]): Step {
  return (end) => {
    for (const call of calls) if (call.allowed(end)) call.make(end);
    return false;
  };
}

/** What an end does when it cannot go on. */
export type Idle = (end: End, half: "tx" | "rx") => void;

/** Nothing: it tries again. */
export const polls: Idle = () => undefined;

/** It waits for its half, looking so often before it parks. */
export function waits(spin: number): Idle {
  return ({ cookie }, half) => {
    if (half === "tx") cookie?.tx.waitWritable(TIMEOUT, { spin });
    else cookie?.rx.waitReadable(TIMEOUT, { spin });
  };
}

/** Moves frames until so many have been moved. */
function until(count: number, half: "tx" | "rx", move: (end: End) => number, idle: Idle): Step {
  return (end) => {
    if (move(end) === 0) idle(end, half);
    return end.times >= count;
  };
}

/** Ways to send: each returns how many frames it sent. */
export const send: Record<"copy" | "short" | "inPlace" | "poke", (count: number, idle?: Idle) => Step> & {
  batch(count: number, most: number, idle?: Idle): Step;
} = {
  copy: (count, idle = polls) =>
    until(count, "tx", (end) => sendOne(end, end.halves.tx.write(frameOf(end.nextTag()))), idle),
  /** Half a frame; the rest is zero. */
  short: (count, idle = polls) =>
    until(count, "tx", (end) => sendOne(end, end.halves.tx.write(frameOf(end.nextTag(), FRAME_SIZE / 2))), idle),
  inPlace: (count, idle = polls) => send.batch(count, 1, idle),
  /** The second half of the frame, then the first. */
  poke: (count, idle = polls) =>
    until(
      count,
      "tx",
      (end) => {
        const half = frameOf(end.nextTag(), FRAME_SIZE / 2);
        const { tx } = end.halves;
        return sendOne(end, tx.poke(half, FRAME_SIZE / 2) && tx.poke(half) && tx.advance());
      },
      idle,
    ),
  batch: (count, most, idle = polls) =>
    until(
      count,
      "tx",
      (end) => {
        const { tx } = end.halves;
        const wanted = Math.min(most, count - end.times, tx.nframes);
        let frames = 0;
        for (let frame = tx.getNextFrame(); frame; frame = frames < wanted ? tx.getNextFrame(frames) : undefined) {
          end.environment.recorder.fill(frame, end.nextTag(frames++));
        }
        if (frames === 0 || !tx.advance(frames)) return 0;
        end.sent(frames);
        return frames;
      },
      idle,
    ),
};

function sendOne(end: End, sent: boolean): number {
  if (sent) end.sent(1);
  return sent ? 1 : 0;
}

/** Ways to receive. */
export const receive: Record<"copy" | "short" | "inPlace" | "peek", (count: number, idle?: Idle) => Step> & {
  batch(count: number, most: number, idle?: Idle): Step;
} = {
  copy: (count, idle = polls) =>
    until(
      count,
      "rx",
      (end) => {
        const into = new Uint8Array(FRAME_SIZE);
        if (!end.halves.rx.read(into)) return 0;
        const [first, last] = [into[0], into[FRAME_SIZE - 1]];
        end.environment.recorder.expect(first === last, `a frame is torn: ${first} and ${last}`);
        end.received(first);
        return 1;
      },
      idle,
    ),
  /** Half a frame was sent. */
  short: (count, idle = polls) =>
    until(
      count,
      "rx",
      (end) => {
        const into = new Uint8Array(FRAME_SIZE);
        if (!end.halves.rx.read(into)) return 0;
        const rest = into[FRAME_SIZE - 1];
        end.environment.recorder.expect(rest === 0, `the rest of a frame is not zero: ${rest}`);
        end.received(into[0]);
        return 1;
      },
      idle,
    ),
  inPlace: (count, idle = polls) => receive.batch(count, 1, idle),
  /** Parts of the frame, and then all of it. */
  peek: (count, idle = polls) =>
    until(
      count,
      "rx",
      (end) => {
        const into = new Uint8Array(FRAME_SIZE / 2);
        const { rx } = end.halves;
        if (!rx.peek(into, FRAME_SIZE / 2)) return 0;
        const [late] = into;
        const holds = rx.peek(into) && into[0] === late && rx.advance();
        end.environment.recorder.expect(holds, `a peek is torn: ${into[0]} and ${late}`);
        end.received(late);
        return 1;
      },
      idle,
    ),
  batch: (count, most, idle = polls) =>
    until(
      count,
      "rx",
      (end) => {
        const { rx } = end.halves;
        const wanted = Math.min(most, count - end.times, rx.nframes);
        let frames = 0;
        for (let frame = rx.getNextFrame(); frame; frame = frames < wanted ? rx.getNextFrame(frames) : undefined) {
          end.received(end.environment.recorder.valueOf(frame));
          frames++;
        }
        if (frames > 0) end.environment.recorder.expect(rx.advance(frames), "frames that were there are not");
        return frames;
      },
      idle,
    ),
};
