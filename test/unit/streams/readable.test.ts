import { describe, expect, test, vi } from "vitest";
import { readableStream } from "../../../src/streams/index.ts";
import { ABORTED, counting, END, frame, isPending, openBoth, resetLink } from "./two-ends.ts";

describe("what is received", () => {
  test("is the bytes of one frame at a time", async () => {
    const { near, far } = openBoth();
    near.tx.write(frame(3, 1, 2, 3));
    near.tx.write(frame(60, ...counting(60)));
    const reader = readableStream(far).getReader();
    expect(await reader.read()).toEqual({ done: false, value: Uint8Array.of(1, 2, 3) });
    expect(await reader.read()).toEqual({ done: false, value: counting(60) });
  });

  test("is not what follows the length's bytes", async () => {
    const { near, far } = openBoth();
    near.tx.write(frame(2, ...counting(60)));
    const reader = readableStream(far).getReader();
    expect((await reader.read()).value).toEqual(Uint8Array.of(0, 1));
  });

  test("takes the length little-endian", async () => {
    const { near, far } = openBoth({ frameSize: 128 * 1024 });
    near.tx.write(Uint8Array.of(0x45, 0x23, 0x01, 0x00));
    const reader = readableStream(far).getReader();
    expect((await reader.read()).value?.byteLength).toBe(0x12345);
  });

  test("is a copy, out of the peer's reach", async () => {
    const { near, far } = openBoth();
    const held = near.tx.getNextFrame() as Uint8Array;
    near.tx.write(frame(1, 5));
    const { value } = await readableStream(far).getReader().read();
    held.fill(9);
    expect(value).toEqual(Uint8Array.of(5));
    expect(value?.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test("arrives while a read waits", async () => {
    const { near, far } = openBoth();
    const read = readableStream(far).getReader().read();
    expect(await isPending(read)).toBe(true);
    near.tx.write(frame(1, 5));
    expect(await read).toEqual({ done: false, value: Uint8Array.of(5) });
  });

  test("ends, and what follows is another stream's", async () => {
    const { near, far } = openBoth();
    near.tx.write(frame(1, 1));
    near.tx.write(END);
    near.tx.write(frame(1, 2));
    const reader = readableStream(far).getReader();
    await reader.read();
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    await reader.closed;
    expect(far.rx.framesAvailable()).toBe(1);
    expect((await readableStream(far).getReader().read()).value).toEqual(Uint8Array.of(2));
  });

  test("errors if the writer aborted, and what follows is another stream's", async () => {
    const { near, far } = openBoth();
    near.tx.write(frame(1, 1));
    near.tx.write(ABORTED);
    near.tx.write(frame(1, 2));
    const reader = readableStream(far).getReader();
    reader.closed.catch(() => undefined);
    await reader.read();
    await expect(reader.read()).rejects.toMatchObject({ name: "IvcError", code: "ECONNRESET" });
    expect(far.rx.framesAvailable()).toBe(1);
    expect((await readableStream(far).getReader().read()).value).toEqual(Uint8Array.of(2));
  });

  test.each([61, 64, 0x100, 0x10000, 0x1000000, 0x7fffffff, 0x80000000, 0xffffffc4, 0xfffffffe])(
    "errors for the garbled length %i, and leaves the frame",
    async (length) => {
      const { near, far } = openBoth();
      near.tx.write(frame(length, ...counting(60)));
      const reader = readableStream(far).getReader();
      reader.closed.catch(() => undefined);
      await expect(reader.read()).rejects.toMatchObject({ name: "IvcError", code: "EINVAL" });
      await expect(reader.read()).rejects.toMatchObject({ code: "EINVAL" });
      expect(far.rx.framesAvailable()).toBe(1);
    },
  );

  test("looks at each byte of the length once, so that a hostile peer cannot change it in between", async () => {
    const { near, far } = openBoth();
    near.tx.write(frame(1, 5));
    const looks: string[] = [];
    const watched = new Proxy(far.rx.getNextFrame() as Uint8Array, {
      get(target, name) {
        if (["0", "1", "2", "3"].includes(String(name))) looks.push(String(name));
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    Object.defineProperty(far.rx, "getNextFrame", { value: () => watched });
    expect((await readableStream(far).getReader().read()).value).toEqual(Uint8Array.of(5));
    expect(looks.sort()).toEqual(["0", "1", "2", "3"]);
  });
});

describe("backpressure", () => {
  test("takes no frame before it is read", async () => {
    const { near, far } = openBoth();
    for (let i = 0; i < 3; i++) near.tx.write(frame(1, i));
    const reader = readableStream(far).getReader();
    expect(await isPending(reader.closed)).toBe(true);
    expect(far.rx.framesAvailable()).toBe(3);
    await reader.read();
    expect(await isPending(reader.closed)).toBe(true);
    expect(far.rx.framesAvailable()).toBe(2);
  });

  test("takes as many frames in advance as the high water mark says", async () => {
    const { near, far } = openBoth();
    for (let i = 0; i < 4; i++) near.tx.write(frame(1, i));
    const reader = readableStream(far, { highWaterMark: 2 }).getReader();
    expect(await isPending(reader.closed)).toBe(true);
    expect(far.rx.framesAvailable()).toBe(2);
    expect((await reader.read()).value).toEqual(Uint8Array.of(0));
  });
});

describe("cancel", () => {
  test("ends a pending read; frames that come later stay", async () => {
    const { near, far } = openBoth();
    const reader = readableStream(far).getReader();
    const read = reader.read();
    expect(await isPending(read)).toBe(true);
    await reader.cancel();
    expect(await read).toEqual({ done: true, value: undefined });
    near.tx.write(frame(1, 5));
    expect(await isPending(far.rx.waitReadableAsync(0))).toBe(false);
    expect(far.rx.framesAvailable()).toBe(1);
  });

  test("takes no frame that came just before it", async () => {
    const { near, far } = openBoth();
    const reader = readableStream(far, { spin: 0 }).getReader();
    // Both waits end in the same turn, this one first: the cancel comes before the stream goes on.
    const cancelled = far.rx.waitReadableAsync(1000, { spin: 0 }).then(() => reader.cancel());
    const read = reader.read();
    expect(await isPending(read)).toBe(true);
    near.tx.write(frame(1, 5));
    await cancelled;
    expect(await read).toEqual({ done: true, value: undefined });
    expect(await isPending(new Promise(() => undefined))).toBe(true);
    expect(far.rx.framesAvailable()).toBe(1);
  });

  test("leaves nothing that waits", async () => {
    const { far } = openBoth();
    const waits = vi.spyOn(far.rx, "waitReadableAsync");
    const reader = readableStream(far).getReader();
    const read = reader.read();
    expect(await isPending(read)).toBe(true);
    expect(far.line.waiting).toBe(1);
    const slices = waits.mock.calls.length;
    await reader.cancel();
    await read;
    for (let i = 0; i < 10; i++) await undefined;
    expect(far.line.waiting).toBe(0);
    expect(await waits.mock.results.at(-1)?.value).toBe("aborted");
    expect(waits).toHaveBeenCalledTimes(slices);
  });
});

describe("what ends it", () => {
  test("the peer's death, but not before the frames it published", async () => {
    const { near, far, kill } = openBoth();
    near.tx.write(frame(1, 1));
    near.tx.write(frame(1, 2));
    kill();
    const reader = readableStream(far).getReader();
    reader.closed.catch(() => undefined);
    expect((await reader.read()).value).toEqual(Uint8Array.of(1));
    expect((await reader.read()).value).toEqual(Uint8Array.of(2));
    await expect(reader.read()).rejects.toMatchObject({ name: "IvcError", code: "EHOSTDOWN" });
  });

  test("the peer's death, at once, while it waits", async () => {
    const { far, kill } = openBoth();
    const waits = vi.spyOn(far.rx, "waitReadableAsync");
    const reader = readableStream(far).getReader();
    reader.closed.catch(() => undefined);
    const read = reader.read();
    expect(await isPending(read)).toBe(true);
    kill();
    await expect(read).rejects.toMatchObject({ code: "EHOSTDOWN" });
    expect(await waits.mock.results.at(-1)?.value).toBe("peer-down");
  });

  test("giving the endpoint back, at once, while it waits", async () => {
    const { far } = openBoth();
    const reader = readableStream(far).getReader();
    reader.closed.catch(() => undefined);
    const read = reader.read();
    expect(await isPending(read)).toBe(true);
    far.unreserve();
    await expect(read).rejects.toMatchObject({ name: "IvcError", code: "EPERM" });
  });

  test.each(["its own", "the peer's"])("a reset, %s, though frames of the new session are there", async (whose) => {
    const { near, far } = openBoth();
    near.tx.write(frame(1, 1));
    near.tx.write(frame(1, 2));
    const reader = readableStream(far).getReader();
    reader.closed.catch(() => undefined);
    await reader.read();
    await (whose === "its own" ? resetLink(far, near) : resetLink(near, far));
    near.tx.write(frame(1, 3));
    await expect(reader.read()).rejects.toMatchObject({ name: "IvcError", code: "ECONNRESET" });
    expect(far.rx.framesAvailable()).toBe(1);
  });

  test("a reset while it waits and no frame comes", async () => {
    const { near, far } = openBoth();
    const reader = readableStream(far).getReader();
    reader.closed.catch(() => undefined);
    const read = reader.read();
    expect(await isPending(read)).toBe(true);
    const failed = expect(read).rejects.toMatchObject({ code: "ECONNRESET" });
    await resetLink(near, far);
    await failed;
  });

  test("but not the reset that the link was in when it was made", async () => {
    const { near, far } = openBoth();
    far.reset();
    const reader = readableStream(far).getReader();
    reader.closed.catch(() => undefined);
    const read = reader.read();
    await near.waitEstablishedAsync(1000);
    near.tx.write(frame(1, 1));
    expect((await read).value).toEqual(Uint8Array.of(1));
    await resetLink(near, far);
    await expect(reader.read()).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

test("passes `spin` on to its waits", async () => {
  const { far } = openBoth();
  const reader = readableStream(far, { spin: -1 }).getReader();
  reader.closed.catch(() => undefined);
  await expect(reader.read()).rejects.toMatchObject({ code: "EINVAL" });
});
