import { describe, expect, test, vi } from "vitest";
import { writableStream } from "../../../src/streams/index.ts";
import { ABORTED, counting, END, frame, isPending, openBoth, resetLink, takeFrame } from "./two-ends.ts";

describe("what is sent", () => {
  test("splits a chunk into frames, each with its length first", async () => {
    const { near, far } = openBoth();
    const writer = writableStream(near).getWriter();
    await writer.write(counting(121));
    expect(far.rx.framesAvailable()).toBe(3);
    expect(takeFrame(far, 64)).toEqual(frame(60, ...counting(60)));
    expect(takeFrame(far, 64)).toEqual(frame(60, ...counting(60, 60)));
    expect(takeFrame(far, 5)).toEqual(frame(1, 120));
  });

  test("fills a frame to the last byte, and no more", async () => {
    const { near, far } = openBoth();
    const writer = writableStream(near).getWriter();
    await writer.write(counting(60));
    expect(far.rx.framesAvailable()).toBe(1);
    expect(takeFrame(far, 64)).toEqual(frame(60, ...counting(60)));
  });

  test("stores the length little-endian", async () => {
    const { near, far } = openBoth({ frameSize: 128 * 1024 });
    await writableStream(near).getWriter().write(new Uint8Array(0x12345).fill(7));
    expect(takeFrame(far, 5)).toEqual(Uint8Array.of(0x45, 0x23, 0x01, 0x00, 7));
  });

  test("sends the part of the buffer that the chunk views", async () => {
    const { near, far } = openBoth();
    await writableStream(near).getWriter().write(counting(100).subarray(10, 13));
    expect(takeFrame(far, 7)).toEqual(frame(3, 10, 11, 12));
  });

  test("sends nothing for an empty chunk", async () => {
    const { near, far } = openBoth();
    await writableStream(near).getWriter().write(new Uint8Array(0));
    expect(far.rx.framesAvailable()).toBe(0);
  });

  test("marks the end", async () => {
    const { near, far } = openBoth();
    const writer = writableStream(near).getWriter();
    await writer.write(Uint8Array.of(1));
    await writer.close();
    expect(takeFrame(far, 5)).toEqual(frame(1, 1));
    expect(takeFrame(far, 4)).toEqual(END);
    expect(far.rx.framesAvailable()).toBe(0);
  });

  test("marks an abort", async () => {
    const { near, far } = openBoth();
    const writer = writableStream(near).getWriter();
    await writer.write(Uint8Array.of(1));
    await writer.abort("enough");
    expect(takeFrame(far, 5)).toEqual(frame(1, 1));
    expect(takeFrame(far, 4)).toEqual(ABORTED);
    await expect(writer.closed).rejects.toBe("enough");
  });

  test.each<unknown>(["a string", new Uint16Array(2), new ArrayBuffer(2), { byteLength: 2 }, undefined])(
    "refuses a chunk that is no Uint8Array: %o",
    async (chunk) => {
      const { near, far } = openBoth();
      const writer = writableStream(near).getWriter();
      writer.closed.catch(() => undefined);
      await expect(writer.write(chunk as Uint8Array)).rejects.toMatchObject({ name: "IvcError", code: "EINVAL" });
      expect(far.rx.framesAvailable()).toBe(0);
    },
  );

  test("does not take a chunk for shorter because its buffer was transferred meanwhile", async () => {
    const { near, far } = openBoth({ nframes: 1 });
    const writer = writableStream(near).getWriter();
    writer.closed.catch(() => undefined);
    const chunk = counting(180);
    const written = writer.write(chunk);
    expect(await isPending(written)).toBe(true);
    structuredClone(chunk, { transfer: [chunk.buffer as ArrayBuffer] });
    const failed = expect(written).rejects.toThrow();
    while (await isPending(written)) takeFrame(far, 4);
    await failed;
  });
});

describe("backpressure", () => {
  test.each([1, 2])("a write waits for room in a ring of %i", async (nframes) => {
    const { near, far } = openBoth({ nframes });
    const writer = writableStream(near).getWriter();
    const written = writer.write(counting(60 * (nframes + 2)));
    for (let i = 0; i < 2; i++) {
      expect(await isPending(written)).toBe(true);
      expect(far.rx.framesAvailable()).toBe(nframes);
      expect(takeFrame(far, 64)).toEqual(frame(60, ...counting(60, 60 * i)));
    }
    await written;
    expect(far.rx.framesAvailable()).toBe(nframes);
  });

  test("the stream asks for one chunk at a time", async () => {
    const { near } = openBoth();
    expect(writableStream(near).getWriter().desiredSize).toBe(1);
  });

  test("the stream asks for as many chunks as the high water mark says", async () => {
    const { near, far } = openBoth({ nframes: 1 });
    const writer = writableStream(near, { highWaterMark: 2 }).getWriter();
    expect(writer.desiredSize).toBe(2);
    await writer.write(Uint8Array.of(1));
    expect(writer.desiredSize).toBe(2);
    const waiting = [writer.write(Uint8Array.of(2)), writer.write(Uint8Array.of(3))];
    expect(writer.desiredSize).toBe(0);
    expect(await isPending(writer.ready)).toBe(true);
    takeFrame(far, 5);
    await writer.ready;
    takeFrame(far, 5);
    await Promise.all(waiting);
  });

  test("the end waits for room", async () => {
    const { near, far } = openBoth({ nframes: 1 });
    const writer = writableStream(near).getWriter();
    await writer.write(Uint8Array.of(1));
    const closed = writer.close();
    expect(await isPending(closed)).toBe(true);
    takeFrame(far, 5);
    await closed;
    expect(takeFrame(far, 4)).toEqual(END);
  });

  test("an abort ends a pending write, then waits for room", async () => {
    const { near, far } = openBoth({ nframes: 2 });
    const waits = vi.spyOn(near.tx, "waitWritableAsync");
    const writer = writableStream(near).getWriter();
    const written = writer.write(counting(180));
    expect(await isPending(written)).toBe(true);
    const parked = waits.mock.results.at(-1);
    const aborted = writer.abort("enough");
    await expect(written).rejects.toBe("enough");
    expect(await parked?.value).toBe("aborted");
    expect(await isPending(aborted)).toBe(true);
    takeFrame(far, 4);
    await aborted;
    expect(takeFrame(far, 64)).toEqual(frame(60, ...counting(60, 60)));
    expect(takeFrame(far, 4)).toEqual(ABORTED);
    await expect(writer.closed).rejects.toBe("enough");
  });
});

describe("what ends it", () => {
  test("the peer's death, also while there is room", async () => {
    const { near, far, kill } = openBoth();
    const writer = writableStream(far).getWriter();
    await writer.write(Uint8Array.of(1));
    kill();
    const code = { name: "IvcError", code: "EHOSTDOWN" };
    await expect(writer.write(Uint8Array.of(2))).rejects.toMatchObject(code);
    await expect(writer.closed).rejects.toMatchObject(code);
    expect(near.rx.framesAvailable()).toBe(1);
  });

  test("the peer's death, at once, while it waits", async () => {
    const { far, kill } = openBoth({ nframes: 1 });
    const waits = vi.spyOn(far.tx, "waitWritableAsync");
    const writer = writableStream(far).getWriter();
    writer.closed.catch(() => undefined);
    const written = writer.write(counting(61));
    expect(await isPending(written)).toBe(true);
    kill();
    await expect(written).rejects.toMatchObject({ code: "EHOSTDOWN" });
    expect(await waits.mock.results.at(-1)?.value).toBe("peer-down");
  });

  test("giving the endpoint back, at once, while it waits", async () => {
    const { near } = openBoth({ nframes: 1 });
    const writer = writableStream(near).getWriter();
    writer.closed.catch(() => undefined);
    const written = writer.write(counting(61));
    expect(await isPending(written)).toBe(true);
    near.unreserve();
    await expect(written).rejects.toMatchObject({ name: "IvcError", code: "EPERM" });
  });

  test("giving the endpoint back, when an abort waits", async () => {
    const { near } = openBoth({ nframes: 1 });
    const writer = writableStream(near).getWriter();
    writer.closed.catch(() => undefined);
    await writer.write(Uint8Array.of(1));
    const aborted = writer.abort();
    expect(await isPending(aborted)).toBe(true);
    near.unreserve();
    await expect(aborted).rejects.toMatchObject({ code: "EPERM" });
  });

  test.each(["its own", "the peer's"])("a reset between two writes, %s", async (whose) => {
    const { near, far } = openBoth();
    const writer = writableStream(near).getWriter();
    writer.closed.catch(() => undefined);
    await writer.write(Uint8Array.of(1));
    await (whose === "its own" ? resetLink(near, far) : resetLink(far, near));
    expect(near.state).toBe("established");
    await expect(writer.write(Uint8Array.of(2))).rejects.toMatchObject({ name: "IvcError", code: "ECONNRESET" });
    expect(far.rx.framesAvailable()).toBe(0);
  });

  test("a reset before the first write, if the link was established", async () => {
    const { near, far } = openBoth();
    const writer = writableStream(near).getWriter();
    writer.closed.catch(() => undefined);
    await resetLink(far, near);
    await expect(writer.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("a reset in the middle of a chunk", async () => {
    const { near, far } = openBoth({ nframes: 2 });
    const writer = writableStream(near).getWriter();
    writer.closed.catch(() => undefined);
    const written = writer.write(counting(180));
    expect(await isPending(written)).toBe(true);
    const failed = expect(written).rejects.toMatchObject({ code: "ECONNRESET" });
    await resetLink(far, near);
    await failed;
    expect(far.rx.framesAvailable()).toBe(0);
  });

  test("a reset, when an abort waits", async () => {
    const { near, far } = openBoth({ nframes: 1 });
    const writer = writableStream(near).getWriter();
    writer.closed.catch(() => undefined);
    await writer.write(Uint8Array.of(1));
    const failed = expect(writer.abort()).rejects.toMatchObject({ code: "ECONNRESET" });
    await resetLink(near, far);
    await failed;
  });

  test("but not the reset that the link was in when it was made", async () => {
    const { near, far } = openBoth();
    near.reset();
    const writer = writableStream(near).getWriter();
    const written = writer.write(Uint8Array.of(1));
    await far.waitEstablishedAsync(1000);
    await written;
    expect(near.session).toBe(1);
    expect(takeFrame(far, 5)).toEqual(frame(1, 1));
    writer.closed.catch(() => undefined);
    await resetLink(near, far);
    await expect(writer.write(Uint8Array.of(2))).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

test("passes `spin` on to its waits", async () => {
  const { near } = openBoth({ nframes: 1 });
  const writer = writableStream(near, { spin: -1 }).getWriter();
  writer.closed.catch(() => undefined);
  await expect(writer.write(counting(61))).rejects.toMatchObject({ code: "EINVAL" });
});
