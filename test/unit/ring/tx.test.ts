/** SPEC §4: what the verbs of the transmitting half do when they can. */
import { describe, expect, test } from "vitest";
import { expectBytes, message, OFFSETS, openEnd, range, unchanged } from "../../helpers/ring.ts";

/** A frame of 64 bytes that begins with `bytes`, the rest being `rest`. */
function frameOf(bytes: readonly number[], rest: number): Uint8Array {
  return Uint8Array.from({ length: 64 }, (_, i) => bytes[i] ?? rest);
}

/** An endpoint whose tx frames hold 0xaa of an earlier lap. */
function openDirty(nframes: number, frameSize = 64): ReturnType<typeof openEnd> {
  const end = openEnd({ nframes, frameSize });
  end.txQueue.dirty(0xaa);
  return end;
}

describe("write", () => {
  test.each([0, 1, 3, 7, 8, 31, 32, 33, 63, 64])("%d bytes: copied, and the rest of the frame is zeroed", (length) => {
    const end = openDirty(2);
    const data = message(1, length);
    expect(end.tx.write(data)).toBe(true);
    expectBytes(end.txQueue.frame(0), frameOf([...data], 0));
    expectBytes(end.txQueue.frame(1), frameOf([], 0xaa));
    expect(end.txQueue.txCount).toBe(1);
  });

  test.each([0, 1, 64, 65, 127, 128, 1000, 1024])("%d bytes into a frame of 1024", (length) => {
    const end = openDirty(2, 1024);
    const data = message(1, length);
    expect(end.tx.write(data)).toBe(true);
    const wanted = new Uint8Array(1024);
    wanted.set(data);
    expectBytes(end.txQueue.frame(0), wanted);
    expectBytes(end.txQueue.frame(1), new Uint8Array(1024).fill(0xaa));
  });

  test("of zero length publishes an all-zero frame", () => {
    const end = openDirty(1);
    expect(end.tx.write(new Uint8Array(0))).toBe(true);
    expectBytes(end.txQueue.frame(0), new Uint8Array(64));
    expect(end.txQueue.txCount).toBe(1);
  });

  test.each([1, 2, 3, 5, 13])("data at the odd offset %d of its buffer", (offset) => {
    const end = openDirty(1);
    const data = new Uint8Array(message(1, 96).buffer, offset, 64);
    expect(end.tx.write(data)).toBe(true);
    expectBytes(end.txQueue.frame(0), message(1 + offset, 64));
  });

  test("a Buffer, also one that is a slice of a pool", () => {
    const end = openDirty(1);
    const pool = Buffer.from("..hello..");
    expect(end.tx.write(pool.subarray(2, 7))).toBe(true);
    expectBytes(end.txQueue.frame(0), frameOf([0x68, 0x65, 0x6c, 0x6c, 0x6f], 0));
  });

  test("a subclass of Uint8Array, and one on shared memory", () => {
    class Bytes extends Uint8Array {}
    const end = openDirty(2);
    const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(5);
    expect(end.tx.write(Bytes.of(1, 2))).toBe(true);
    expect(end.tx.write(shared)).toBe(true);
    expectBytes(end.txQueue.frame(0), frameOf([1, 2], 0));
    expectBytes(end.txQueue.frame(1), frameOf([5, 5, 5, 5, 5, 5, 5, 5], 0));
  });

  test("keeps nothing of the caller's buffer", () => {
    const end = openEnd({ nframes: 1 });
    const data = message(1, 64);
    end.tx.write(data);
    data.fill(0);
    expectBytes(end.txQueue.frame(0), message(1, 64));
  });
});

describe("poke", () => {
  test.each([
    [0, 0],
    [0, 1],
    [0, 64],
    [1, 3],
    [5, 59],
    [63, 1],
    [64, 0],
  ])("at offset %d, %d bytes: copied, and nothing is zeroed or published", (offset, length) => {
    const end = openDirty(2);
    const data = message(1, length);
    const wanted = frameOf([], 0xaa);
    wanted.set(data, offset);
    expect(end.tx.poke(data, offset)).toBe(true);
    expectBytes(end.txQueue.frame(0), wanted);
    expectBytes(end.txQueue.frame(1), frameOf([], 0xaa));
    expect([end.txQueue.txCount, end.rings]).toEqual([0, 0]);
  });

  test("offset is 0 unless given", () => {
    const end = openDirty(1);
    expect(end.tx.poke(Uint8Array.of(1, 2))).toBe(true);
    expectBytes(end.txQueue.frame(0), frameOf([1, 2], 0xaa));
  });

  test("builds a frame from pieces, which advance publishes as it is", () => {
    const end = openDirty(2);
    end.tx.poke(Uint8Array.of(1, 2, 3), 0);
    end.tx.poke(Buffer.from([9]), 2);
    expect(end.tx.advance()).toBe(true);
    expectBytes(end.txQueue.frame(0), frameOf([1, 2, 9], 0xaa));
    expect(end.txQueue.txCount).toBe(1);
  });

  test("goes to the next frame after an advance", () => {
    const end = openDirty(2);
    end.tx.advance();
    end.tx.poke(Uint8Array.of(7));
    expectBytes(end.txQueue.frame(0), frameOf([], 0xaa));
    expectBytes(end.txQueue.frame(1), frameOf([7], 0xaa));
  });
});

describe("getNextFrame", () => {
  test("is the next frame, on shared memory, with the bytes of an earlier lap", () => {
    const end = openDirty(3);
    const frame = unchanged(end, () => end.tx.getNextFrame());
    expect(frame).toBeInstanceOf(Uint8Array);
    expect(frame?.buffer).toBe(end.txQueue.buffer);
    expect(frame?.byteOffset).toBe(end.txQueue.byteOffset + OFFSETS.frames);
    expect(frame?.byteLength).toBe(64);
    expectBytes(frame!, frameOf([], 0xaa));
  });

  test("is the same view until advanced, whatever else is called", () => {
    const end = openEnd({ nframes: 3 });
    const frame = end.tx.getNextFrame();
    end.tx.poke(Uint8Array.of(1));
    end.tx.canWrite();
    end.tx.advance(3);
    expect(end.tx.getNextFrame()).toBeUndefined();
    end.txQueue.rxCount = 3;
    expect(end.tx.getNextFrame()).toBe(frame);
    end.tx.advance();
    expect(end.tx.getNextFrame()).not.toBe(frame);
  });

  test.each([1, 2, 3, 64])("ahead goes round a ring of %d", (nframes) => {
    const end = openEnd({ nframes });
    for (const start of range(0, nframes - 1)) {
      for (const ahead of range(0, nframes - 1)) {
        const frame = end.tx.getNextFrame(ahead);
        expect(frame?.byteOffset).toBe(end.txQueue.frameOffset((start + ahead) % nframes));
      }
      end.tx.advance();
      end.txQueue.rxCount = start + 1;
    }
  });

  test.each([
    [0, 3],
    [1, 2],
    [2, 1],
    [3, 0],
  ])("with %d of 3 frames used, ahead works up to %d frames", (used, free) => {
    const end = openEnd({ nframes: 3, txWords: { txCount: used } });
    const got = range(0, 2).map((ahead) => unchanged(end, () => end.tx.getNextFrame(ahead)) !== undefined);
    expect(got).toEqual(range(0, 2).map((ahead) => ahead < free));
  });

  test("is writable in place, and publishes nothing", () => {
    const end = openDirty(2);
    end.tx.getNextFrame()?.set([1, 2, 3]);
    expectBytes(end.txQueue.frame(0), frameOf([1, 2, 3], 0xaa));
    expect([end.txQueue.txCount, end.rings]).toEqual([0, 0]);
  });
});

describe("advance", () => {
  test("publishes the frame as it is: nothing is zeroed", () => {
    const end = openDirty(2);
    expect(end.tx.advance()).toBe(true);
    expectBytes(end.txQueue.frame(0), frameOf([], 0xaa));
    expect(end.txQueue.txCount).toBe(1);
  });

  test.each([1, 2, 3, 64])("of n of %d publishes n frames; more than are free: nothing", (nframes) => {
    for (const used of range(0, nframes)) {
      for (const count of [1, 2, nframes - 1, nframes].filter((k) => k >= 1 && k <= nframes)) {
        const end = openEnd({ nframes, txWords: { txCount: used } });
        if (count <= nframes - used) {
          expect(end.tx.advance(count)).toBe(true);
          expect(end.txQueue.txCount).toBe(used + count);
        } else {
          expect(unchanged(end, () => end.tx.advance(count))).toBe(false);
        }
      }
    }
  });

  test("room that the peer made meanwhile is found", () => {
    const end = openEnd({ nframes: 3, txWords: { txCount: 2 } });
    expect(end.tx.advance(2)).toBe(false);
    end.txQueue.rxCount = 1;
    expect(end.tx.advance(2)).toBe(true);
    expect(end.txQueue.txCount).toBe(4);
  });

  test("changes only tx.count", () => {
    const end = openDirty(2);
    const wanted = end.bytes.slice();
    wanted[end.txQueue.byteOffset] = 2;
    end.tx.advance(2);
    expectBytes(end.bytes, wanted);
  });
});

test("a half tells its geometry", () => {
  const { tx, rx } = openEnd({ nframes: 3, frameSize: 128 });
  expect([tx.nframes, tx.frameSize, rx.nframes, rx.frameSize]).toEqual([3, 128, 3, 128]);
});
