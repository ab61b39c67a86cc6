/** SPEC §3: every slot is used, for every nframes and across both wraps; positions when a ring is opened in use. */
import { describe, expect, test } from "vitest";
import { type End, expectBytes, message, OFFSETS, openEnd, openPeer, range, unchanged } from "../../helpers/ring.ts";

/** Which slot of its queue a frame is. */
function slotOf(frame: Uint8Array | undefined, queue: End["txQueue"]): number {
  if (!frame) throw new Error("expected a frame");
  return (frame.byteOffset - queue.byteOffset - OFFSETS.frames) / frame.byteLength;
}

/** Slots that `frames` frames take from `first` on. */
function cycle(first: number, frames: number, nframes: number): number[] {
  return range(0, frames - 1).map((i) => (first + i) % nframes);
}

/** Rows of nframes, the first count, and count mod nframes worked out by hand: 2^32 mod 3 = 1, mod 5 = 1, mod 7 = 4. */
const WRAPS = [
  [1, 2 ** 31 - 2, 0],
  [2, 2 ** 31 - 3, 1],
  [3, 2 ** 31 - 4, 1],
  [5, 2 ** 31 - 5, 3],
  [64, 2 ** 31 - 5, 59],
  [1, 2 ** 32 - 2, 0],
  [2, 2 ** 32 - 3, 1],
  [3, 2 ** 32 - 4, 0],
  [3, 2 ** 32 - 2, 2],
  [5, 2 ** 32 - 5, 1],
  [7, 2 ** 32 - 5, 6],
  [64, 2 ** 32 - 5, 59],
] as const;

/** Opens both ends of a ring that has passed `count` frames each way. */
function openBoth(nframes: number, count: number): [End, End] {
  const words = { txCount: count, rxCount: count };
  const a = openEnd({ nframes, txWords: words, rxWords: words });
  return [a, openPeer(a)];
}

describe("wrap", () => {
  test.each(WRAPS)("%d frames from count %d on, one at a time", (nframes, count, first) => {
    const [a, b] = openBoth(nframes, count);
    const frames = 3 * nframes + 12;
    const written: number[] = [];
    const read: number[] = [];
    for (let i = 0; i < frames; i++) {
      written.push(slotOf(a.tx.getNextFrame(), a.txQueue));
      expect(a.tx.write(message(i, 5))).toBe(true);
      expect(a.txQueue.txCount).toBe((count + i + 1) % 2 ** 32);
      read.push(slotOf(b.rx.getNextFrame(), b.rxQueue));
      const into = new Uint8Array(5);
      expect(b.rx.read(into)).toBe(true);
      expect(into).toEqual(message(i, 5));
      expect(a.txQueue.rxCount).toBe((count + i + 1) % 2 ** 32);
    }
    expect(written).toEqual(cycle(first, frames, nframes));
    expect(read).toEqual(cycle(first, frames, nframes));
    expect(b.rx.canRead()).toBe(false);
  });

  test.each(WRAPS)("%d frames from count %d on, filled to the brim and drained", (nframes, count) => {
    const [a, b] = openBoth(nframes, count);
    for (let lap = 0; lap < 7; lap++) {
      for (let i = 0; i < nframes; i++) expect(a.tx.write(message(lap + i, 64))).toBe(true);
      expect(a.tx.canWrite()).toBe(false);
      expect(b.rx.framesAvailable()).toBe(nframes);
      for (let i = 0; i < nframes; i++) {
        const into = new Uint8Array(64);
        expect(b.rx.read(into)).toBe(true);
        expectBytes(into, message(lap + i, 64));
      }
      expect(b.rx.canRead()).toBe(false);
      expect(a.tx.isEmpty()).toBe(true);
    }
  });

  test.each(WRAPS)("%d frames from count %d on, in batches", (nframes, count, first) => {
    const [a, b] = openBoth(nframes, count);
    const k = Math.max(nframes - 1, 1);
    for (let batch = 0; batch < 9; batch++) {
      const slots = cycle(first + batch * k, k, nframes);
      for (let i = 0; i < k; i++) {
        const frame = a.tx.getNextFrame(i);
        expect(slotOf(frame, a.txQueue)).toBe(slots[i]);
        frame?.set(message(batch + i, 64));
      }
      expect(a.tx.advance(k)).toBe(true);
      expect(a.txQueue.txCount).toBe((count + (batch + 1) * k) % 2 ** 32);
      for (let i = 0; i < k; i++) {
        const frame = b.rx.getNextFrame(i);
        expect(slotOf(frame, b.rxQueue)).toBe(slots[i]);
        expectBytes(frame!, message(batch + i, 64));
      }
      expect(b.rx.advance(k)).toBe(true);
      expect(a.txQueue.rxCount).toBe((count + (batch + 1) * k) % 2 ** 32);
    }
  });

  test.each([1, 2, 3, 64])("no slot of %d is wasted, and no frame reaches a neighbour", (nframes) => {
    const end = openEnd({ nframes });
    for (let i = 0; i < nframes; i++) expect(end.tx.write(message(i * 3, 64))).toBe(true);
    for (let i = 0; i < nframes; i++) expectBytes(end.txQueue.frame(i), message(i * 3, 64));
    expect(end.tx.write(message(1, 64))).toBe(false);
  });
});

describe("opened on memory in use: position = count mod nframes", () => {
  const rows = [
    [5, 4, 1],
    [7, 1, 0],
    [8, 3, 2],
    [64, 64, 0],
    [100, 64, 36],
    [2 ** 31 - 1, 3, 1],
    [2 ** 31, 3, 2],
    [2 ** 31, 5, 3],
    [2 ** 32 - 1, 3, 0],
    [2 ** 32 - 1, 64, 63],
    [2 ** 32 - 2, 7, 2],
  ] as const;

  test.each(rows)("tx.count %d, nframes %d: the next frame goes to slot %d", (count, nframes, slot) => {
    const end = openEnd({ nframes, txWords: { txCount: count, rxCount: count } });
    expect(slotOf(end.tx.getNextFrame(), end.txQueue)).toBe(slot);
    expect(end.tx.write(message(9, 64))).toBe(true);
    expect(end.txQueue.frame(slot).slice()).toEqual(message(9, 64));
    expect(end.txQueue.txCount).toBe((count + 1) % 2 ** 32);
  });

  test.each(rows)("rx.count %d, nframes %d: the oldest frame is in slot %d", (count, nframes, slot) => {
    const end = openEnd({ nframes, rxWords: { txCount: (count + 1) % 2 ** 32, rxCount: count } });
    end.rxQueue.frame(slot).set(message(9, 64));
    expect(slotOf(end.rx.getNextFrame(), end.rxQueue)).toBe(slot);
    const into = new Uint8Array(64);
    expect(end.rx.read(into)).toBe(true);
    expect(into).toEqual(message(9, 64));
    expect(end.rxQueue.rxCount).toBe((count + 1) % 2 ** 32);
  });

  test("frames found there are kept, and the room left is used", () => {
    const end = openEnd({
      nframes: 4,
      txWords: { txCount: 10, rxCount: 9 },
      rxWords: { txCount: 7, rxCount: 4 },
    });
    expect(end.tx.framesAvailable()).toBe(3);
    expect(end.rx.framesAvailable()).toBe(3);
  });

  test("opening writes nothing and rings nobody", () => {
    const end = openEnd({ nframes: 2, txWords: { txCount: 3, txState: 2, rxCount: 2 }, rxWords: { txState: 1 } });
    const before = end.bytes.slice();
    const again = openPeer(openPeer(end));
    expect(end.bytes.slice()).toEqual(before);
    expect([end.rings, again.rings, again.channel.session]).toEqual([0, 0, 0]);
  });
});

describe("opened on memory in use: the state is the own tx.state", () => {
  test.each([
    [0, "established"],
    [1, "sync"],
    [2, "ack"],
  ] as const)("%d is %s, whatever the peer's", (txState, state) => {
    for (const peer of [0, 1, 2, 9]) {
      const end = openEnd({ nframes: 2, txWords: { txState }, rxWords: { txState: peer } });
      expect(end.channel.state).toBe(state);
    }
  });

  test.each([3, 4, 256, 2 ** 31, 2 ** 32 - 1])("%d is no state, and counts as not established", (txState) => {
    const end = openEnd({ nframes: 2, txWords: { txState }, rxWords: { txCount: 1 } });
    expect(end.channel.state).not.toBe("established");
    expect(unchanged(end, () => end.channel.notified())).toBe(false);
    expect(unchanged(end, () => end.tx.write(message(1, 4)))).toBe(false);
    expect(unchanged(end, () => end.rx.read(new Uint8Array(4)))).toBe(false);
    expect(unchanged(end, () => [end.tx.canWrite(), end.rx.canRead()])).toEqual([false, false]);
  });
});

describe("private and authoritative: never loaded back", () => {
  test("own counts: the peer's scribbling on them moves no slot and is overwritten", () => {
    const end = openEnd({ nframes: 4, rxWords: { txCount: 2 } });
    end.txQueue.txCount = 77;
    end.rxQueue.rxCount = 88;
    expect(end.tx.write(message(1, 64))).toBe(true);
    expect(end.rx.advance()).toBe(true);
    expect([end.txQueue.txCount, end.rxQueue.rxCount]).toEqual([1, 1]);
    expect(end.txQueue.frame(0).slice()).toEqual(message(1, 64));
    expect(slotOf(end.rx.getNextFrame(), end.rxQueue)).toBe(1);
  });

  test("own state: the peer's scribbling on it changes nothing", () => {
    const end = openEnd({ nframes: 4 });
    end.txQueue.txState = 1;
    expect(end.channel.state).toBe("established");
    expect(end.channel.notified()).toBe(true);
    expect(end.tx.write(message(1, 64))).toBe(true);
  });
});
