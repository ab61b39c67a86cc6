import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type * as Index from "../../../src/index.ts";
import type * as Platform from "../../../src/platform.ts";

let IvcChannel: typeof Index.IvcChannel;

const same = (bytes: Uint8Array, value: number): boolean => Buffer.alloc(bytes.length, value).equals(bytes);

/** A write, and a read, of a message that lies at an odd place, between two slots that hold something else. */
function roundTrip(frameSize: number, length: number, offset: number): void {
  const nframes = 3;
  const queue = 128 + nframes * frameSize;
  const buffer = new SharedArrayBuffer(2 * queue);
  const [low, high] = [0, queue].map((byteOffset) => ({ buffer, byteOffset })) as [never, never];
  const a = new IvcChannel({ rx: high, tx: low, nframes, frameSize });
  const b = new IvcChannel({ rx: low, tx: high, nframes, frameSize });
  const frames = new Uint8Array(buffer, 128, nframes * frameSize).fill(0xaa);
  a.tx.advance();
  b.rx.advance();

  const message = Uint8Array.from({ length }, (_, i) => 1 + ((i * 7) % 255));
  const data = new Uint8Array(length + 16).subarray(offset, offset + length);
  data.set(message);
  expect(a.tx.write(data)).toBe(true);
  expect(same(frames.subarray(0, frameSize), 0xaa)).toBe(true);
  expect(Buffer.compare(frames.subarray(frameSize, frameSize + length), message)).toBe(0);
  expect(same(frames.subarray(frameSize + length, 2 * frameSize), 0)).toBe(true);
  expect(same(frames.subarray(2 * frameSize), 0xaa)).toBe(true);

  const around = new Uint8Array(frameSize + 32).fill(0x55);
  const into = around.subarray(offset, offset + frameSize);
  expect(b.rx.read(into)).toBe(true);
  expect(Buffer.compare(into.subarray(0, length), message)).toBe(0);
  expect(same(into.subarray(length), 0)).toBe(true);
  expect(same(around.subarray(0, offset), 0x55)).toBe(true);
  expect(same(around.subarray(offset + frameSize), 0x55)).toBe(true);
}

describe.each([
  ["where there is a fast copy of long messages", true],
  ["where there is none", false],
])("%s", (_, fast) => {
  beforeAll(async () => {
    vi.resetModules();
    vi.doMock("../../../src/platform.ts", async (original) => {
      const platform = await original<typeof Platform>();
      expect(platform.fillBytes).toBeTypeOf("function");
      return fast ? platform : { ...platform, fillBytes: undefined };
    });
    ({ IvcChannel } = await import("../../../src/index.ts"));
  });
  afterAll(() => vi.doUnmock("../../../src/platform.ts"));

  test.each([64, 128, 192, 320, 576])(
    "frames of %i bytes: every length, at every alignment, and nothing else",
    (frameSize) => {
      for (let length = 0; length <= frameSize; length++) roundTrip(frameSize, length, length % 9);
      for (let offset = 0; offset <= 8; offset++) roundTrip(frameSize, frameSize, offset);
    },
  );

  test.each([8_128, 8_192, 65_536, 65_600, 200_000 - (200_000 % 64)])("frames of %i bytes", (frameSize) => {
    for (const length of [
      0,
      1,
      7,
      8,
      65,
      frameSize / 2 + 3,
      frameSize - 257,
      frameSize - 65,
      frameSize - 1,
      frameSize,
    ]) {
      for (const offset of [0, 1, 4]) roundTrip(frameSize, length, offset);
    }
  });
});
