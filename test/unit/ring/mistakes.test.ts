/** SPEC §4: the caller's mistakes throw first, whatever the state, with a code; and change nothing. */
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { ERRNO } from "../../../src/index.ts";
import { type End, message, openEnd, refusal, unchanged } from "../../helpers/ring.ts";

const NFRAMES = 3;
const FRAME_SIZE = 64;

/** Ends in every state that the non-mistaken call would tell apart. */
const STATES: readonly (readonly [string, () => End])[] = [
  ["able", () => openEnd({ nframes: NFRAMES, rxWords: { txCount: 2 } })],
  ["tx full, rx empty", () => openEnd({ nframes: NFRAMES, txWords: { txCount: 3 } })],
  ["over-full", () => openEnd({ nframes: NFRAMES, txWords: { txCount: 4 }, rxWords: { txCount: 4 } })],
  ["SYNC", () => openEnd({ nframes: NFRAMES, txWords: { txState: 1 }, rxWords: { txCount: 2 } })],
  ["ACK", () => openEnd({ nframes: NFRAMES, txWords: { txState: 2 }, rxWords: { txCount: 2 } })],
  ["no state", () => openEnd({ nframes: NFRAMES, txWords: { txState: 9 }, rxWords: { txCount: 2 } })],
];

/** A verb with arguments of any type. */
type Call = (end: End, ...args: unknown[]) => unknown;
const call = (half: "tx" | "rx", verb: string): Call => {
  return (end, ...args) => (end[half] as unknown as Record<string, (...args: unknown[]) => unknown>)[verb]?.(...args);
};

function expectMistake(verb: Call, args: readonly unknown[], code: "EINVAL" | "E2BIG", words: readonly string[]): void {
  for (const [state, open] of STATES) {
    const end = open();
    const error = unchanged(end, () => refusal(() => verb(end, ...args)));
    expect(error.code, state).toBe(code);
    expect(error.errno, state).toBe(ERRNO[code]);
    for (const word of words) expect(error.message, state).toContain(word);
  }
}

/** Verbs that take bytes. */
const BYTES = [
  ["tx.write", call("tx", "write")],
  ["tx.poke", call("tx", "poke")],
  ["rx.read", call("rx", "read")],
  ["rx.peek", call("rx", "peek")],
] as const;

const NOT_BYTES: readonly (readonly [string, unknown])[] = [
  ["nothing", undefined],
  ["null", null],
  ["a number", 5],
  ["a string", "hello"],
  ["an array", [1, 2, 3]],
  ["an array-like object", { length: 3, byteLength: 3 }],
  ["an object that calls itself a Uint8Array", { [Symbol.toStringTag]: "Uint8Array", length: 3, byteLength: 3 }],
  ["an object with the prototype of Uint8Array", Object.create(Uint8Array.prototype)],
  ["a DataView", new DataView(new ArrayBuffer(8))],
  ["an ArrayBuffer", new ArrayBuffer(8)],
  ["a SharedArrayBuffer", new SharedArrayBuffer(8)],
  ["an Int8Array", new Int8Array(8)],
  ["a Uint8ClampedArray", new Uint8ClampedArray(8)],
  ["a Uint16Array", new Uint16Array(8)],
  ["a Float64Array", new Float64Array(8)],
];

describe.each(BYTES)("%s: no Uint8Array is EINVAL", (_, verb) => {
  test.each(NOT_BYTES)("%s", (_name, value) => {
    expectMistake(verb, [value], "EINVAL", ["Uint8Array"]);
  });
});

test.each(BYTES)("%s takes a Uint8Array of another realm", (_, verb) => {
  const end = openEnd({ nframes: NFRAMES, rxWords: { txCount: 2 } });
  expect(verb(end, runInNewContext("new Uint8Array(8)"))).toBe(true);
});

describe("tx.write: data beyond the frame is E2BIG", () => {
  test.each([65, 128, 100_000])("%d bytes", (length) => {
    expectMistake(call("tx", "write"), [new Uint8Array(length)], "E2BIG", [String(length), String(FRAME_SIZE)]);
  });
});

test("rx.read takes a buffer of any length", () => {
  const end = openEnd({ nframes: NFRAMES, rxWords: { txCount: 2 } });
  expect(end.rx.read(new Uint8Array(100_000))).toBe(true);
});

const RANGES = [
  ["tx.poke", call("tx", "poke")],
  ["rx.peek", call("rx", "peek")],
] as const;

describe.each(RANGES)("%s: a range beyond the frame is E2BIG", (_, verb) => {
  test.each([
    [0, 65],
    [1, 64],
    [63, 2],
    [64, 1],
    [65, 0],
    [2 ** 32, 0],
    [2 ** 32 - 1, 1],
    [2 ** 53 - 1, 1],
    [2 ** 53, 1],
  ])("offset %d, %d bytes", (offset, length) => {
    expectMistake(verb, [new Uint8Array(length), offset], "E2BIG", [String(FRAME_SIZE)]);
  });
});

describe.each(RANGES)("%s: an offset that is no integer ≥ 0 is EINVAL", (_, verb) => {
  test.each([-1, -64, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "1", null, 1n, [0], true])("%o", (offset) => {
    expectMistake(verb, [new Uint8Array(1), offset], "EINVAL", ["offset"]);
  });
});

const AHEAD = [
  ["tx.getNextFrame", call("tx", "getNextFrame")],
  ["rx.getNextFrame", call("rx", "getNextFrame")],
] as const;

describe.each(AHEAD)("%s: an ahead outside 0…nframes − 1 is EINVAL", (_, verb) => {
  test.each([3, 4, -1, 0.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY, "0", null, 0n, [0], false])(
    "%o",
    (ahead) => {
      expectMistake(verb, [ahead], "EINVAL", ["ahead", "0 to 2"]);
    },
  );
});

const COUNT = [
  ["tx.advance", call("tx", "advance")],
  ["rx.advance", call("rx", "advance")],
] as const;

describe.each(COUNT)("%s: a count outside 1…nframes is EINVAL", (_, verb) => {
  test.each([0, 4, 5, -1, 1.5, 2 ** 32 + 1, Number.NaN, Number.POSITIVE_INFINITY, "1", null, 1n, [1], true])(
    "%o",
    (count) => {
      expectMistake(verb, [count], "EINVAL", ["count", "1 to 3"]);
    },
  );
});

describe("the message names the value, the rule, and what was given", () => {
  const bytes = new Uint8Array(60);
  test.each<[string, (end: End) => unknown, string]>([
    ["tx.write", ({ tx }) => tx.write(5 as never), "EINVAL: expected data to be a Uint8Array, not detached, got 5"],
    ["tx.poke", ({ tx }) => tx.poke(5 as never), "EINVAL: expected data to be a Uint8Array, not detached, got 5"],
    ["rx.read", ({ rx }) => rx.read(5 as never), "EINVAL: expected into to be a Uint8Array, not detached, got 5"],
    ["rx.peek", ({ rx }) => rx.peek(5 as never), "EINVAL: expected into to be a Uint8Array, not detached, got 5"],
    [
      "tx.write of more than a frame",
      ({ tx }) => tx.write(new Uint8Array(65)),
      "E2BIG: expected the length of data to be at most frameSize (64), got 65",
    ],
    ["an offset", ({ tx }) => tx.poke(bytes, -1), "EINVAL: expected offset to be an integer ≥ 0, got -1"],
    [
      "tx.poke beyond the frame",
      ({ tx }) => tx.poke(bytes, 5),
      "E2BIG: expected offset + the length of data to be at most frameSize (64), got 65",
    ],
    [
      "rx.peek beyond the frame",
      ({ rx }) => rx.peek(bytes, 5),
      "E2BIG: expected offset + the length of into to be at most frameSize (64), got 65",
    ],
  ])("%s", (_, mistake, said) => {
    const end = openEnd({ nframes: NFRAMES, frameSize: FRAME_SIZE });
    expect(refusal(() => mistake(end)).message).toBe(said);
  });
});

/** Not now: each verb in each state that forbids it. */
const CAN = (end: End): readonly (readonly [string, () => unknown])[] => [
  ["tx.write", () => end.tx.write(message(1, 64))],
  ["tx.write of nothing", () => end.tx.write(new Uint8Array(0))],
  ["tx.poke", () => end.tx.poke(message(1, 3), 5)],
  ["tx.poke of nothing", () => end.tx.poke(new Uint8Array(0), 64)],
  ["tx.getNextFrame", () => end.tx.getNextFrame()],
  ["tx.getNextFrame(2)", () => end.tx.getNextFrame(2)],
  ["tx.advance", () => end.tx.advance()],
  ["tx.advance(3)", () => end.tx.advance(3)],
  ["tx.canWrite", () => end.tx.canWrite()],
  ["rx.read of nothing", () => end.rx.read(new Uint8Array(0))],
  ["rx.peek of nothing", () => end.rx.peek(new Uint8Array(0), 64)],
  ["rx.getNextFrame", () => end.rx.getNextFrame()],
  ["rx.getNextFrame(2)", () => end.rx.getNextFrame(2)],
  ["rx.advance", () => end.rx.advance()],
  ["rx.advance(3)", () => end.rx.advance(3)],
  ["rx.canRead", () => end.rx.canRead()],
];

describe.each(STATES.slice(1))("not now, %s", (_, open) => {
  const names = CAN(open()).map(([name], index) => [name, index] as const);
  test.each(names)("%s changes nothing and says so", (_name, index) => {
    const end = open();
    const answer = unchanged(end, () => CAN(end)[index]?.[1]());
    expect(answer === false || answer === undefined).toBe(true);
  });

  test.each(["read", "peek"] as const)("rx.%s leaves the caller's buffer as it is", (verb) => {
    const end = open();
    const into = message(1, 64);
    expect(unchanged(end, () => end.rx[verb](into))).toBe(false);
    expect(into).toEqual(message(1, 64));
  });
});

test.each(STATES.slice(3))("not now, %s: no frame can be moved, whatever there is and whatever room", (_, open) => {
  const end = open();
  expect(unchanged(end, () => [end.tx.framesAvailable(), end.rx.framesAvailable()])).toEqual([0, 0]);
});
