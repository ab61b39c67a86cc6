/** SPEC §2, last paragraph: which geometry is refused, how, and in which order. */
import { describe, expect, test } from "vitest";
import { ERRNO, IvcChannel, type IvcChannelOptions } from "../../../src/index.ts";
import { OFFSETS, refusal } from "../../helpers/ring.ts";

declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => { readonly buffer: SharedArrayBuffer };
};

/** Two queues of 2 frames of 64 bytes: 128 + 2 × 64 bytes each. */
const SIZE = 256;
const buffer = new SharedArrayBuffer(4 * SIZE);

interface Options {
  readonly nframes?: unknown;
  readonly frameSize?: unknown;
  readonly rx?: unknown;
  readonly tx?: unknown;
  readonly rxBuffer?: unknown;
  readonly txBuffer?: unknown;
}

/** Opens a channel that breaks no rule, but for what is said. */
function open(options: Options): IvcChannel {
  const { nframes = 2, frameSize = 64, rx = 0, tx = SIZE, rxBuffer = buffer, txBuffer = buffer } = options;
  return new IvcChannel({
    nframes,
    frameSize,
    rx: { buffer: rxBuffer, byteOffset: rx },
    tx: { buffer: txBuffer, byteOffset: tx },
  } as IvcChannelOptions);
}

/** A geometry must be refused, with each of `words` in the message. */
function expectRefused(options: Options, code: "EINVAL" | "E2BIG", ...words: readonly (string | number)[]): void {
  const error = refusal(() => open(options));
  expect(error.code).toBe(code);
  expect(error.errno).toBe(ERRNO[code]);
  for (const word of words) expect(error.message).toContain(String(word));
}

test("EINVAL is 22 and E2BIG is 7", () => {
  expect(ERRNO.EINVAL).toBe(22);
  expect(ERRNO.E2BIG).toBe(7);
});

/** No positive integers, each with what the message calls it. */
const NOT_POSITIVE: readonly (readonly [unknown, string])[] = [
  [0, "0"],
  [-1, "-1"],
  [-64, "-64"],
  [1.5, "1.5"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
  ["64", '"64"'],
  [null, "null"],
  [true, "true"],
  [64n, "64"],
  [[64], "Array"],
];

describe("1: not a positive integer", () => {
  test.each(NOT_POSITIVE)("nframes %o: EINVAL", (nframes, shown) => {
    expectRefused({ nframes }, "EINVAL", "nframes", "positive integer", shown);
  });

  test.each(NOT_POSITIVE)("frameSize %o: EINVAL", (frameSize, shown) => {
    expectRefused({ frameSize }, "EINVAL", "frameSize", "positive integer", shown);
  });

  test.each(["nframes", "frameSize"] as const)("no %s at all: EINVAL", (name) => {
    const places = { rx: { buffer, byteOffset: 0 }, tx: { buffer, byteOffset: SIZE } };
    const options = { ...places, nframes: 2, frameSize: 64, [name]: undefined };
    const error = refusal(() => new IvcChannel(options));
    expect(error.code).toBe("EINVAL");
    expect(error.message).toContain(name);
  });
});

test.each([2 ** 31, 2 ** 31 + 64, 2 ** 32, 2 ** 53, 1e300])("2: frameSize %d above 2^31 − 1: E2BIG", (frameSize) => {
  expectRefused({ nframes: 1, frameSize }, "E2BIG", "frameSize", 2147483647, frameSize);
});

describe("3: nframes × frameSize", () => {
  test.each([
    [2 ** 26, 64],
    [2 ** 26 + 1, 64],
    [4, 2 ** 30],
    [3, 2 ** 31 - 64],
    [2 ** 53, 64],
    [1e300, 64],
  ])("%d × %d is not below 2^32: EINVAL", (nframes, frameSize) => {
    expectRefused({ nframes, frameSize }, "EINVAL", "nframes × frameSize", 2 ** 32, nframes, frameSize);
  });

  test.each([
    [2 ** 26 - 1, 64],
    [2, 2 ** 31 - 64],
    [1, 2 ** 31 - 64],
  ])("%d × %d is below 2^32: refused only for want of memory", (nframes, frameSize) => {
    expectRefused({ nframes, frameSize, txBuffer: new SharedArrayBuffer(SIZE), tx: 0 }, "EINVAL", "inside");
  });
});

test.each([
  [1, 64],
  [63, 64],
  [65, 128],
  [100, 128],
  [1500, 1536],
  [2 ** 31 - 1, 2 ** 31],
])("4: frameSize %d is no multiple of 64: EINVAL, and the next is %d", (frameSize, next) => {
  expectRefused({ nframes: 1, frameSize }, "EINVAL", "frameSize", "multiple of 64", frameSize, next);
});

describe("5, 6: bases", () => {
  const rows = ["rx", "tx"].flatMap((side) => [1, 4, 32, 63, 65, 96].map((offset) => [side, offset] as const));
  test.each(rows)("%s base %d is not 64-aligned: EINVAL", (side, offset) => {
    expectRefused({ [side]: offset }, "EINVAL", side, "multiple of 64", offset);
  });

  const odd = [0.5, Number.NaN, Number.POSITIVE_INFINITY, "64", null, 64n];
  const oddRows = ["rx", "tx"].flatMap((side) => odd.map((offset) => [side, offset] as const));
  test.each(oddRows)("%s base %o is no offset: EINVAL", (side, offset) => {
    expectRefused({ [side]: offset }, "EINVAL", side);
  });
});

describe("7: overlap", () => {
  test.each([
    ["the same queue", 256, 256],
    ["tx header in rx header", 0, 64],
    ["tx header in the last rx frame", 0, SIZE - 64],
    ["tx after the frames of rx, if headers were not counted", 0, 2 * 64],
    ["rx header in tx header", 320, 256],
    ["rx header in the last tx frame", SIZE - 64, 0],
  ])("%s: EINVAL", (_, rx, tx) => {
    expectRefused({ rx, tx }, "EINVAL", "overlap", rx, tx);
  });

  test.each([
    ["tx right after rx", 0, SIZE],
    ["rx right after tx", SIZE, 0],
    ["with a gap", 0, 2 * SIZE],
  ])("%s is no overlap", (_, rx, tx) => {
    expect(open({ rx, tx }).state).toBe("established");
  });

  test("queues at the same offset of two buffers do not overlap", () => {
    const channel = open({ rx: 0, tx: 0, txBuffer: new SharedArrayBuffer(SIZE) });
    expect(channel.tx.write(Uint8Array.of(1))).toBe(true);
    expect(channel.rx.canRead()).toBe(false);
  });
});

describe("8: inside the buffer", () => {
  test.each([
    ["rx one step beyond the end", { rx: 3 * SIZE + 64 }, "rx"],
    ["tx one step beyond the end", { tx: 3 * SIZE + 64 }, "tx"],
    ["rx far beyond the end", { rx: 2 ** 53 - 64 }, "rx"],
    ["rx before the start", { rx: -64 }, "rx"],
    ["tx before the start", { tx: -64 }, "tx"],
    ["too many frames for tx", { nframes: 7, tx: 576 }, "tx"],
    ["a buffer one byte short", { tx: 0, txBuffer: new SharedArrayBuffer(SIZE - 1) }, "tx"],
    ["an empty buffer", { tx: 0, txBuffer: new SharedArrayBuffer(0) }, "tx"],
  ])("%s: EINVAL", (_, options, side) => {
    expectRefused(options, "EINVAL", side);
  });

  test("queues that end with their buffers are inside", () => {
    expect(open({ rx: 3 * SIZE, tx: 0, txBuffer: new SharedArrayBuffer(SIZE) }).state).toBe("established");
  });
});

describe("the earlier rule wins", () => {
  test.each([
    ["nframes before E2BIG", { nframes: 0, frameSize: 2 ** 31 }, "EINVAL", "nframes"],
    ["nframes before the multiple", { nframes: 1.5, frameSize: 65 }, "EINVAL", "positive integer"],
    ["frameSize before the product", { nframes: 2 ** 53, frameSize: -64 }, "EINVAL", "positive integer"],
    ["E2BIG before the product", { nframes: 2, frameSize: 2 ** 31 }, "E2BIG", "2147483647"],
    ["E2BIG before the multiple", { nframes: 1, frameSize: 2 ** 31 + 1 }, "E2BIG", "2147483647"],
    ["the product before the multiple", { nframes: 3, frameSize: 2 ** 31 - 1 }, "EINVAL", "nframes × frameSize"],
    ["the product before the bases", { nframes: 2 ** 26, rx: 1 }, "EINVAL", "nframes × frameSize"],
    ["the multiple before the rx base", { frameSize: 65, rx: 1 }, "EINVAL", "frameSize"],
    ["the multiple before the tx base", { frameSize: 65, tx: 1 }, "EINVAL", "frameSize"],
    ["the rx base before the tx base", { rx: 32, tx: 96 }, "EINVAL", "rx"],
    ["the tx base before overlap", { rx: 0, tx: 32 }, "EINVAL", "multiple of 64"],
    ["the tx base before rx outside", { rx: 4 * SIZE, tx: 32 }, "EINVAL", "multiple of 64"],
    ["overlap before outside", { rx: 4 * SIZE, tx: 4 * SIZE }, "EINVAL", "overlap"],
  ] as const)("%s", (_, options, code, word) => {
    expectRefused(options, code, word);
  });
});

describe("the ring layer takes any SharedArrayBuffer, and no other", () => {
  const rows = ["rxBuffer", "txBuffer"].flatMap((side) =>
    [new ArrayBuffer(1024), new Uint8Array(buffer), new Int32Array(buffer), null, {}, 5].map(
      (value) => [side, Object.prototype.toString.call(value), value] as const,
    ),
  );
  test.each(rows)("%s is %s: EINVAL", (side, _, value) => {
    expectRefused({ [side]: value }, "EINVAL", side.slice(0, 2), "SharedArrayBuffer");
  });

  test.each(["rx", "tx"] as const)("no place for %s: EINVAL", (side) => {
    const places = { rx: { buffer, byteOffset: 0 }, tx: { buffer, byteOffset: SIZE } };
    const options = { ...places, nframes: 2, frameSize: 64, [side]: undefined } as unknown as IvcChannelOptions;
    expect(refusal(() => new IvcChannel(options)).code).toBe("EINVAL");
  });

  test("queues inside a shared WebAssembly.Memory", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
    const places = { rxBuffer: memory, txBuffer: memory };
    const a = open({ ...places, rx: 1024, tx: 2048 });
    const b = open({ ...places, rx: 2048, tx: 1024 });
    expect(a.tx.write(Uint8Array.of(7, 8, 9))).toBe(true);
    const into = new Uint8Array(3);
    expect(b.rx.read(into)).toBe(true);
    expect(into).toEqual(Uint8Array.of(7, 8, 9));
    expect(new Uint8Array(memory, 2048 + OFFSETS.frames, 3).slice()).toEqual(Uint8Array.of(7, 8, 9));
  });
});

test.each([null, 0, "ring", {}])("notify %o is no function: EINVAL", (notify) => {
  const options = {
    ...{ nframes: 2, frameSize: 64, rx: { buffer, byteOffset: 0 }, tx: { buffer, byteOffset: SIZE } },
    notify,
  } as unknown as IvcChannelOptions;
  const error = refusal(() => new IvcChannel(options));
  expect(error.code).toBe("EINVAL");
  expect(error.message).toMatch(/^EINVAL: expected notify to be a function or undefined, got /);
});

test("a channel tells its geometry", () => {
  const channel = open({});
  expect([channel.nframes, channel.frameSize]).toEqual([2, 64]);
});
