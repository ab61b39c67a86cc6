/**
 * The verbs of an endpoint, and for each what SPEC §4 lets it answer and move, whatever the peer does. Both an IvcChannel
 * and a cookie have them.
 */

interface Half {
  getNextFrame(ahead?: number): Uint8Array | undefined;
  advance(count?: number): boolean;
  framesAvailable(): number;
  isOverfull(): boolean;
}

/** What an {@link IvcChannel} and a cookie have in common. */
export interface Endpoint {
  readonly nframes: number;
  readonly frameSize: number;
  readonly state: string;
  readonly session: number;
  readonly tx: Half & {
    write(data: Uint8Array, length?: number): boolean;
    poke(data: Uint8Array, offset?: number): boolean;
    canWrite(): boolean;
    isEmpty(): boolean;
  };
  readonly rx: Half & {
    read(into: Uint8Array, length?: number): boolean;
    peek(into: Uint8Array, offset?: number): boolean;
    canRead(): boolean;
  };
  reset(): void;
  notified(): boolean;
}

/** A call, and what the contract says of it. `World` is what it is made on. */
export interface Verb<World> {
  call(world: World): unknown;
  /** Whether it may answer so, on a queue of `n` slots. */
  answers(answer: unknown, n: number): boolean;
  /** How many frames it publishes, or consumes, if it answers so: exactly. Absent: none. */
  publishes?(answer: unknown, n: number): number;
  consumes?(answer: unknown, n: number): number;
  /** How far ahead of the own position the frame is that it hands out. */
  hands?: (n: number) => number;
  /** Whether it may run reset steps, or start a reset. */
  resets?: boolean;
  /** The most operations on memory that it makes: some answers of the peer do lead there. */
  bound: number;
}

/** Ways to answer. */
export const is =
  (...answers: readonly unknown[]): Verb<never>["answers"] =>
  (answer) =>
    answers.includes(answer);
export const yesOrNo: Verb<never>["answers"] = is(true, false);
const upToN: Verb<never>["answers"] = (answer, n) =>
  Number.isInteger(answer) && (answer as number) >= 0 && (answer as number) <= n;
const frame: Verb<never>["answers"] = (answer) => answer === undefined || answer instanceof Uint8Array;

/** Frames moved by what answers true if it moved some. */
const one = (answer: unknown): number => (answer === true ? 1 : 0);
const all = (answer: unknown, n: number): number => (answer === true ? n : 0);

const data: Uint8Array = new Uint8Array(128).fill(7);
const into: Uint8Array = new Uint8Array(128);

/** The verbs by name; the bounds are those of the ring layer alone, whose ring is a call of `notify`. */
export const VERBS: Record<string, Verb<Endpoint>> = {
  "tx.write": { call: ({ tx }) => tx.write(data), answers: yesOrNo, publishes: one, bound: 4 },
  "tx.write, short": { call: ({ tx }) => tx.write(data, 10), answers: yesOrNo, publishes: one, bound: 5 },
  "tx.poke": { call: ({ tx }) => tx.poke(data.subarray(0, 40), 88), answers: yesOrNo, bound: 2 },
  "tx.getNextFrame": { call: ({ tx }) => tx.getNextFrame(), answers: frame, hands: () => 0, bound: 1 },
  "tx.getNextFrame, last": {
    call: ({ tx, nframes }) => tx.getNextFrame(nframes - 1),
    answers: frame,
    hands: (n) => n - 1,
    bound: 1,
  },
  "tx.advance": { call: ({ tx }) => tx.advance(), answers: yesOrNo, publishes: one, bound: 3 },
  "tx.advance, all": { call: ({ tx, nframes }) => tx.advance(nframes), answers: yesOrNo, publishes: all, bound: 3 },
  "tx.canWrite": { call: ({ tx }) => tx.canWrite(), answers: yesOrNo, bound: 1 },
  "tx.isEmpty": { call: ({ tx }) => tx.isEmpty(), answers: yesOrNo, bound: 1 },
  "tx.framesAvailable": { call: ({ tx }) => tx.framesAvailable(), answers: upToN, bound: 1 },
  "tx.isOverfull": { call: ({ tx }) => tx.isOverfull(), answers: yesOrNo, bound: 1 },
  "rx.read": { call: ({ rx }) => rx.read(into), answers: yesOrNo, consumes: one, bound: 4 },
  "rx.read, short": { call: ({ rx }) => rx.read(into, 10), answers: yesOrNo, consumes: one, bound: 4 },
  "rx.peek": { call: ({ rx }) => rx.peek(into.subarray(0, 70), 58), answers: yesOrNo, bound: 2 },
  "rx.getNextFrame": { call: ({ rx }) => rx.getNextFrame(), answers: frame, hands: () => 0, bound: 1 },
  "rx.getNextFrame, last": {
    call: ({ rx, nframes }) => rx.getNextFrame(nframes - 1),
    answers: frame,
    hands: (n) => n - 1,
    bound: 1,
  },
  "rx.advance": { call: ({ rx }) => rx.advance(), answers: yesOrNo, consumes: one, bound: 3 },
  "rx.advance, all": { call: ({ rx, nframes }) => rx.advance(nframes), answers: yesOrNo, consumes: all, bound: 3 },
  "rx.canRead": { call: ({ rx }) => rx.canRead(), answers: yesOrNo, bound: 1 },
  "rx.framesAvailable": { call: ({ rx }) => rx.framesAvailable(), answers: upToN, bound: 1 },
  "rx.isOverfull": { call: ({ rx }) => rx.isOverfull(), answers: yesOrNo, bound: 1 },
  reset: { call: (end) => end.reset(), answers: is(undefined), resets: true, bound: 1 },
  notified: { call: (end) => end.notified(), answers: yesOrNo, resets: true, bound: 4 },
};
