/**
 * Handlers and ops as users write them: they drain the rx queue and fill the tx queue while an interrupt is served.
 *
 * Each ends its loop itself, after {@link most} frames. `while (rx.read(into))` need not end: a hostile peer may publish, or
 * say so, as fast as it is read. That loop is the handler's, not the library's, which calls a handler once a turn.
 */
import type { IvcCookie } from "../../src/index.ts";
import { adversary } from "./adversary.ts";

/** What is called: as a handler of the line, or as one of the ops. */
export type Role = "irq" | "rxReady" | "txReady";

/** Handlers of one line. */
export type Handlers = Partial<Record<Role, (cookie: IvcCookie) => void>>;

const NOTHING = { irq: 0, rxReady: 0, txReady: 0, honest: 0, published: 0, consumed: 0 };
/**
 * What the handlers did in the call under attack: how often each was called, and that of the honest peer's line; the frames
 * that they moved.
 */
export const tally: Record<Role | "honest" | "published" | "consumed", number> = { ...NOTHING };

export function resetTally(): void {
  Object.assign(tally, NOTHING);
}

/** How often the handler that was called most was called. */
export const called = (): number => Math.max(tally.irq, tally.rxReady, tally.txReady);

/** Most frames that a handler here moves, on a queue of `n` slots: one more than an honest peer can have waiting. */
export const most = (n: number): number => n + 1;

/** What the throwing handler throws. */
export const OOPS: Error = new Error("oops");

const data = new Uint8Array(128).fill(7);
const into = new Uint8Array(128);

function drain({ rx, nframes }: IvcCookie): void {
  for (let i = 0; i < most(nframes) && rx.read(into); i++) tally.consumed++;
}

function fill({ tx, nframes }: IvcCookie): void {
  for (let i = 0; i < most(nframes) && tx.write(data); i++) tally.published++;
}

/** In place: looks at the frame, as an operation of its own, then advances, which works since there was a frame. */
function drainInPlace({ rx, nframes }: IvcCookie): void {
  for (let i = 0; i < most(nframes); i++) {
    const frame = rx.getNextFrame();
    if (!frame) return;
    adversary.payload("read", frame, 0, frame.byteLength);
    if (!rx.advance()) throw new Error("expected the frame to be there still");
    tally.consumed++;
  }
}

function fillInPlace({ tx, nframes }: IvcCookie): void {
  for (let i = 0; i < most(nframes); i++) {
    const frame = tx.getNextFrame();
    if (!frame) return;
    adversary.payload("write", frame, 0, frame.byteLength);
    if (!tx.advance()) throw new Error("expected the room to be there still");
    tally.published++;
  }
}

function drainBatch({ rx }: IvcCookie): void {
  const frames = rx.framesAvailable();
  if (frames > 0 && rx.advance(frames)) tally.consumed += frames;
}

function readOne({ rx }: IvcCookie): void {
  if (rx.read(into)) tally.consumed++;
}

function readAndThrow(cookie: IvcCookie): void {
  readOne(cookie);
  throw OOPS;
}

function answerEach({ rx, tx, nframes }: IvcCookie): void {
  for (let i = 0; i < most(nframes) && tx.canWrite() && rx.read(into); i++) {
    tally.consumed++;
    if (!tx.write(into)) throw new Error("expected the room to be there still");
    tally.published++;
  }
}

/** Operations of {@link SERVE}: what the hints tell of, and a ring to take. */
const HINTS = 4;
/** A step that establishes the link: a sample, the clear, both states, a look at two life words, and a ring. */
const STEP = 1 + 2 + 2 + 2 + 4;
/** An exchange that failed, since the peer changed the states meanwhile: a sample and a clear were for nothing. */
export const AGAIN: number = 1 + 2 + 1;
/** A look at the peer's state, which forbids to heal; and the counts that the interrupt tells of. */
const TELL = 1 + 2;
/** Most operations of a turn in which a line's handlers find the link established, but for what they do. */
export const SERVE: number = HINTS + STEP + AGAIN + TELL;
/** A look at the hostile peer's line, with a ring to take, and at the honest one's. */
export const LOOK: number = 3;

/** What moving a frame costs: the bytes, the count, the mask, the peer's count, and a ring of four. */
const MOVE = 8;

/**
 * Looks at the peer's count besides, for `frames` frames: the first one, since what the transition test fetched serves the
 * next one. In a queue of one slot it never does: then each frame needs its own.
 */
const looks = (n: number, frames: number): number => (n === 1 ? frames : 1);
/** As {@link looks}, with the look for frames left after a handler that consumed some. */
const looksAround = (n: number, frames: number): number => (n === 1 ? frames + 1 : 1);

const drains = (n: number): number => MOVE * most(n) + looksAround(n, most(n));
const fills = (n: number): number => MOVE * most(n) + looks(n, most(n));

/** An echo of all frames: each is read and written; and a look around at either queue. */
export const echoes = (n: number): number => 2 * MOVE * n + 2 * looksAround(n, n);

/** A way to serve a line, and the most operations that its handlers cost on a queue of `n` slots. */
export interface Kind {
  readonly handlers: Handlers;
  readonly cost: (n: number) => number;
  /** Whether its line stays due, as it consumed frames and a greedy peer has more. */
  readonly again?: boolean;
}

export const KINDS: Record<string, Kind> = {
  "a handler that does nothing": { handlers: { irq: () => undefined }, cost: () => 0 },
  "a handler that drains": { handlers: { irq: drain }, cost: drains, again: true },
  "a handler that drains in place": { handlers: { irq: drainInPlace }, cost: drains, again: true },
  // Two looks, for how many and whether they are there still; one count and ring for all; and a look around.
  "a handler that drains a batch": {
    handlers: { irq: drainBatch },
    cost: (n) => MOVE - 1 + looksAround(n, 1) + 1,
    again: true,
  },
  "a handler that reads one frame": { handlers: { irq: readOne }, cost: (n) => MOVE + looksAround(n, 1), again: true },
  "a handler that answers each frame": {
    handlers: { irq: answerEach },
    cost: (n) => drains(n) + fills(n),
    again: true,
  },
  "rxReady that drains": { handlers: { rxReady: drain }, cost: drains, again: true },
  "txReady that fills": { handlers: { txReady: fill }, cost: fills },
  "both in place": {
    handlers: { rxReady: drainInPlace, txReady: fillInPlace },
    cost: (n) => drains(n) + fills(n),
    again: true,
  },
  "a handler that throws": { handlers: { irq: readAndThrow }, cost: (n) => MOVE + looksAround(n, 1) },
  "rxReady that throws": { handlers: { rxReady: readAndThrow }, cost: (n) => MOVE + looksAround(n, 1) },
};

/** Whether the handlers of a kind throw, after a frame. */
export const throwing = (name: string): boolean => name.endsWith("throws");
