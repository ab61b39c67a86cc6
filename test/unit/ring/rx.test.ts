/** SPEC §4: what the verbs of the receiving half do when they can. */
import { describe, expect, test } from "vitest";
import { type End, expectBytes, message, openEnd, range, unchanged } from "../../helpers/ring.ts";

/** An endpoint with `frames` frames waiting, slot i holding message(10 × i + 1). */
function openWaiting(nframes: number, frames: number, frameSize = 64): End {
  const end = openEnd({ nframes, frameSize, rxWords: { txCount: frames } });
  for (let i = 0; i < nframes; i++) end.rxQueue.frame(i).set(message(10 * i + 1, frameSize));
  return end;
}

/** `length` bytes 0x55, of which the first were overwritten with `bytes`. */
function overwritten(length: number, bytes: Uint8Array): Uint8Array {
  const wanted = new Uint8Array(length).fill(0x55);
  wanted.set(bytes);
  return wanted;
}

describe("read", () => {
  test.each([0, 1, 7, 8, 63, 64])("into %d bytes: they are filled, the rest of the frame is discarded", (length) => {
    const end = openWaiting(2, 2);
    const into = new Uint8Array(length);
    expect(end.rx.read(into)).toBe(true);
    expectBytes(into, message(1, length));
    expect(end.rxQueue.rxCount).toBe(1);
    const next = new Uint8Array(64);
    expect(end.rx.read(next)).toBe(true);
    expectBytes(next, message(11, 64));
  });

  test.each([65, 100, 128, 4096])("into %d bytes: the first frameSize are filled, the rest is left", (length) => {
    const end = openWaiting(2, 1);
    const into = new Uint8Array(length).fill(0x55);
    expect(end.rx.read(into)).toBe(true);
    expectBytes(into, overwritten(length, message(1, 64)));
  });

  test.each([1, 64, 65, 128, 1000, 1023, 1024, 1025])("of a frame of 1024 into %d bytes", (length) => {
    const end = openWaiting(2, 1, 1024);
    const into = new Uint8Array(length).fill(0x55);
    expect(end.rx.read(into)).toBe(true);
    expectBytes(into, overwritten(length, message(1, Math.min(length, 1024))));
  });

  test.each([1, 2, 3, 5, 13])("into the odd offset %d of a buffer, and nothing around it", (offset) => {
    for (const length of [1, 30, 64]) {
      const end = openWaiting(1, 1);
      const around = new Uint8Array(96).fill(0x55);
      expect(end.rx.read(around.subarray(offset, offset + length))).toBe(true);
      const wanted = new Uint8Array(96).fill(0x55);
      wanted.set(message(1, length), offset);
      expectBytes(around, wanted);
    }
  });

  test("into a Buffer, a subclass of Uint8Array, and shared memory", () => {
    class Bytes extends Uint8Array {}
    const end = openWaiting(3, 3);
    const targets = [Buffer.alloc(4), new Bytes(4), new Uint8Array(new SharedArrayBuffer(4))];
    for (const [i, into] of targets.entries()) {
      expect(end.rx.read(into)).toBe(true);
      expectBytes(into, message(10 * i + 1, 4));
    }
  });

  test("writes no frame, only rx.count", () => {
    const end = openWaiting(2, 2);
    const wanted = end.bytes.slice();
    wanted[end.rxQueue.byteOffset + 0x40] = 1;
    end.rx.read(new Uint8Array(64));
    expectBytes(end.bytes, wanted);
  });
});

describe("peek", () => {
  test.each([
    [0, 0],
    [0, 1],
    [0, 64],
    [1, 3],
    [5, 59],
    [63, 1],
    [64, 0],
  ])("at offset %d, %d bytes: copied, and nothing is consumed", (offset, length) => {
    const end = openWaiting(2, 1);
    const into = new Uint8Array(length);
    expect(unchanged(end, () => end.rx.peek(into, offset))).toBe(true);
    expectBytes(into, message(1 + offset, length));
    expect(end.rx.canRead()).toBe(true);
  });

  test.each([
    [0, 65],
    [1, 1000],
    [3, 64],
    [24, 1000],
    [960, 64],
  ])("of a frame of 1024 at offset %d, %d bytes", (offset, length) => {
    const end = openWaiting(1, 1, 1024);
    const into = new Uint8Array(length);
    expect(unchanged(end, () => end.rx.peek(into, offset))).toBe(true);
    expectBytes(into, message(1 + offset, length));
  });

  test("offset is 0 unless given", () => {
    const end = openWaiting(1, 1);
    const into = new Uint8Array(2);
    expect(end.rx.peek(into)).toBe(true);
    expectBytes(into, message(1, 2));
  });

  test("into a sub-view touches nothing around it", () => {
    const end = openWaiting(1, 1);
    const around = new Uint8Array(8).fill(0x55);
    expect(end.rx.peek(around.subarray(3, 5), 20)).toBe(true);
    expectBytes(around, Uint8Array.of(0x55, 0x55, 0x55, 21, 22, 0x55, 0x55, 0x55));
  });

  test("looks at the oldest frame, again after an advance", () => {
    const end = openWaiting(2, 2);
    const into = new Uint8Array(1);
    const seen = [end.rx.peek(into) && into[0], end.rx.advance() && end.rx.peek(into) && into[0]];
    expect(seen).toEqual([1, 11]);
  });

  test("of zero bytes still needs a frame", () => {
    expect(openWaiting(1, 1).rx.peek(new Uint8Array(0))).toBe(true);
    expect(openWaiting(1, 0).rx.peek(new Uint8Array(0))).toBe(false);
  });
});

describe("getNextFrame", () => {
  test("is the oldest frame, in place", () => {
    const end = openWaiting(3, 1);
    const frame = unchanged(end, () => end.rx.getNextFrame());
    expect(frame).toBeInstanceOf(Uint8Array);
    expect(frame?.buffer).toBe(end.rxQueue.buffer);
    expect(frame?.byteOffset).toBe(end.rxQueue.frameOffset(0));
    expectBytes(frame!, message(1, 64));
    end.rxQueue.frame(0)[5] = 200;
    expect(frame?.[5]).toBe(200);
  });

  test("is the same view until advanced, whatever else is called", () => {
    const end = openWaiting(2, 2);
    const frame = end.rx.getNextFrame();
    end.rx.peek(new Uint8Array(3));
    end.rx.canRead();
    end.rx.framesAvailable();
    expect(end.rx.getNextFrame()).toBe(frame);
    end.rx.advance();
    expect(end.rx.getNextFrame()).not.toBe(frame);
  });

  test.each([1, 2, 3, 64])("ahead goes round a ring of %d", (nframes) => {
    const end = openWaiting(nframes, nframes);
    for (const start of range(0, nframes - 1)) {
      for (const ahead of range(0, nframes - 1)) {
        const frame = end.rx.getNextFrame(ahead);
        expect(frame?.byteOffset).toBe(end.rxQueue.frameOffset((start + ahead) % nframes));
      }
      end.rx.advance();
      end.rxQueue.txCount = nframes + start + 1;
    }
  });

  test.each([0, 1, 2, 3])("with %d of 3 frames waiting, ahead works up to so many", (waiting) => {
    const end = openWaiting(3, waiting);
    const got = range(0, 2).map((ahead) => unchanged(end, () => end.rx.getNextFrame(ahead)) !== undefined);
    expect(got).toEqual(range(0, 2).map((ahead) => ahead < waiting));
  });
});

describe("advance", () => {
  test.each([1, 2, 3, 64])("of n of %d consumes n frames; more than are waiting: nothing", (nframes) => {
    for (const waiting of range(0, nframes)) {
      for (const count of [1, 2, nframes - 1, nframes].filter((k) => k >= 1 && k <= nframes)) {
        const end = openEnd({ nframes, rxWords: { txCount: waiting } });
        if (count <= waiting) {
          expect(end.rx.advance(count)).toBe(true);
          expect(end.rxQueue.rxCount).toBe(count);
        } else {
          expect(unchanged(end, () => end.rx.advance(count))).toBe(false);
        }
      }
    }
  });

  test("frames that the peer published meanwhile are found", () => {
    const end = openWaiting(3, 1);
    expect(end.rx.advance(2)).toBe(false);
    end.rxQueue.txCount = 2;
    expect(end.rx.advance(2)).toBe(true);
    expect(end.rxQueue.rxCount).toBe(2);
  });

  test("moves on to the frame after those consumed", () => {
    const end = openWaiting(4, 4);
    expect(end.rx.advance(3)).toBe(true);
    expect(end.rx.getNextFrame()?.byteOffset).toBe(end.rxQueue.frameOffset(3));
    expect(end.rx.canRead()).toBe(true);
    expect(end.rx.advance()).toBe(true);
    expect(end.rx.canRead()).toBe(false);
  });

  test("changes only rx.count", () => {
    const end = openWaiting(2, 2);
    const wanted = end.bytes.slice();
    wanted[end.rxQueue.byteOffset + 0x40] = 2;
    end.rx.advance(2);
    expectBytes(end.bytes, wanted);
  });
});
