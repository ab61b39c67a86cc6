import { test as propertyTest } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readableStream, writableStream } from "../../../src/streams/index.ts";
import { counting, openBoth } from "./two-ends.ts";

/** All chunks of a stream, one after the other. */
async function collect(stream: ReadableStream<Uint8Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of stream) all.push(...chunk);
  return all;
}

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

describe("round trip", () => {
  propertyTest.prop({
    chunks: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
    nframes: fc.integer({ min: 1, max: 5 }),
    frameSize: fc.constantFrom(64, 128, 256),
    readAhead: fc.integer({ min: 0, max: 3 }),
    writeAhead: fc.integer({ min: 1, max: 3 }),
    spin: fc.constantFrom(0, 100),
  })("yields the bytes that were written", async ({ chunks, nframes, frameSize, readAhead, writeAhead, spin }) => {
    const { near, far } = openBoth({ nframes, frameSize });
    const [received] = await Promise.all([
      collect(readableStream(far, { highWaterMark: readAhead, spin })),
      streamOf(chunks).pipeTo(writableStream(near, { highWaterMark: writeAhead, spin })),
    ]);
    expect(received).toEqual(chunks.flatMap((chunk) => [...chunk]));
    near.guest.detach();
    far.guest.detach();
  });

  test("one stream after another, both ways at once", async () => {
    const { near, far } = openBoth({ nframes: 1 });
    for (let i = 0; i < 3; i++) {
      const [there, back] = await Promise.all([
        collect(readableStream(far)),
        collect(readableStream(near)),
        streamOf([counting(200, i)]).pipeTo(writableStream(near)),
        streamOf([counting(100, 2 * i)]).pipeTo(writableStream(far)),
      ]);
      expect(there).toEqual([...counting(200, i)]);
      expect(back).toEqual([...counting(100, 2 * i)]);
    }
  });

  test("through an echo made of streams", async () => {
    const { near, far } = openBoth({ nframes: 2 });
    const [received] = await Promise.all([
      collect(readableStream(near)),
      readableStream(far).pipeTo(writableStream(far)),
      streamOf([counting(1000)]).pipeTo(writableStream(near)),
    ]);
    expect(received).toEqual([...counting(1000)]);
  });
});

test("an error of the source reaches the reader", async () => {
  const { near, far } = openBoth();
  let pulled = false;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulled) controller.error("broken");
      else controller.enqueue(Uint8Array.of(1));
      pulled = true;
    },
  });
  const piped = expect(source.pipeTo(writableStream(near))).rejects.toBe("broken");
  const reader = readableStream(far).getReader();
  reader.closed.catch(() => undefined);
  expect((await reader.read()).value).toEqual(Uint8Array.of(1));
  await expect(reader.read()).rejects.toMatchObject({ name: "IvcError", code: "ECONNRESET" });
  await piped;
});
