/** SPEC §4: the transition rule, for each number of frames moved at once and every level the peer may leave behind. */
import { describe, expect, test } from "vitest";
import { type End, message, openEnd, range, unchanged } from "../../helpers/ring.ts";

/** Batch sizes for a ring. */
function batches(nframes: number): number[] {
  return nframes <= 3 ? range(1, nframes) : [1, 2, 3, 32, nframes - 1, nframes];
}

/** Values of `used` after a move: all that are possible, and some that only a broken peer makes. */
function levels(nframes: number): number[] {
  return [...range(0, nframes + 1), 2 ** 31, 2 ** 32 - nframes, 2 ** 32 - 1];
}

const ROWS = [1, 2, 3, 64].flatMap((nframes) => batches(nframes).map((k) => ({ nframes, k })));

/** Counts from which a move crosses nothing, 2^31, and 2^32. */
const COUNTS = [0, 2 ** 31 - 1, 2 ** 32 - 1];

/** The levels at which moving `k` frames rings. The endpoint is sure that it can move; then the peer sets its own count. */
function ringsAt(nframes: number, move: (used: number, count: number) => End): number[][] {
  return COUNTS.map((count) => levels(nframes).filter((used) => move(used, count).rings === 1));
}

describe("the writer notifies iff, with a fresh rx.count, 1 ≤ used ≤ k", () => {
  test.each(ROWS)("nframes $nframes, k $k", ({ nframes, k }) => {
    const rungAt = ringsAt(nframes, (used, count) => {
      const end = openEnd({ nframes, txWords: { txCount: count, rxCount: count } });
      expect(end.tx.getNextFrame(k - 1)).toBeDefined();
      end.txQueue.rxCount = (count + k - used + 2 ** 32) % 2 ** 32;
      expect(end.tx.advance(k)).toBe(true);
      expect(end.rings).toBeLessThanOrEqual(1);
      return end;
    });
    expect(rungAt).toEqual(COUNTS.map(() => range(1, k)));
  });
});

describe("the reader notifies iff, with a fresh tx.count, nframes − k ≤ used ≤ nframes − 1", () => {
  test.each(ROWS)("nframes $nframes, k $k", ({ nframes, k }) => {
    const rungAt = ringsAt(nframes, (used, count) => {
      const end = openEnd({ nframes, rxWords: { txCount: (count + nframes) % 2 ** 32, rxCount: count } });
      expect(end.rx.getNextFrame(k - 1)).toBeDefined();
      end.rxQueue.txCount = (count + k + used) % 2 ** 32;
      expect(end.rx.advance(k)).toBe(true);
      expect(end.rings).toBeLessThanOrEqual(1);
      return end;
    });
    expect(rungAt).toEqual(COUNTS.map(() => range(nframes - k, nframes - 1)));
  });
});

describe("write notifies iff the queue was empty", () => {
  const rows = [1, 2, 3, 64].flatMap((nframes) => range(0, nframes - 1).map((used) => ({ nframes, used })));
  test.each(rows)("nframes $nframes, $used used before", ({ nframes, used }) => {
    const end = openEnd({ nframes, txWords: { txCount: used } });
    expect(end.tx.write(message(1, 10))).toBe(true);
    expect(end.rings).toBe(used === 0 ? 1 : 0);
  });
});

describe("read notifies iff the queue was full", () => {
  const rows = [1, 2, 3, 64].flatMap((nframes) => range(1, nframes).map((used) => ({ nframes, used })));
  test.each(rows)("nframes $nframes, $used used before", ({ nframes, used }) => {
    const end = openEnd({ nframes, rxWords: { txCount: used } });
    expect(end.rx.read(new Uint8Array(10))).toBe(true);
    expect(end.rings).toBe(used === nframes ? 1 : 0);
  });
});

describe("the cached count never decides", () => {
  test("a writer that knows of unread frames rings if the peer has read them since", () => {
    const end = openEnd({ nframes: 4 });
    end.tx.write(message(1, 1));
    end.tx.write(message(2, 1)); // knows: 2 used
    expect(end.rings).toBe(1);
    end.txQueue.rxCount = 2;
    end.tx.write(message(3, 1));
    expect(end.rings).toBe(2);
  });

  test("a writer that knows of an empty queue does not ring if the peer has read on since", () => {
    const end = openEnd({ nframes: 4 });
    expect(end.tx.canWrite()).toBe(true); // knows: 0 used
    end.txQueue.rxCount = 1;
    end.tx.write(message(1, 1));
    expect(end.rings).toBe(0);
  });

  test("a reader that knows of room rings if the peer has filled the queue since", () => {
    const end = openEnd({ nframes: 4, rxWords: { txCount: 2 } });
    expect(end.rx.canRead()).toBe(true); // knows: 2 used
    end.rxQueue.txCount = 4;
    end.rx.advance();
    expect(end.rings).toBe(1);
  });

  test("a reader that knows of a full queue does not ring if the peer has cleared since", () => {
    const end = openEnd({ nframes: 2, rxWords: { txCount: 2 } });
    expect(end.rx.canRead()).toBe(true); // knows: 2 used
    end.rxQueue.txCount = 0;
    end.rx.advance();
    expect(end.rings).toBe(0);
  });
});

describe("the ring comes after the count it tells of", () => {
  test("write, advance", () => {
    const end = openEnd({ nframes: 4 });
    const seen: number[] = [];
    end.onRing = () => seen.push(end.txQueue.txCount);
    end.tx.write(message(1, 1));
    end.txQueue.rxCount = 1;
    end.tx.advance(3);
    expect(seen).toEqual([1, 4]);
  });

  test("read, advance", () => {
    const end = openEnd({ nframes: 2, rxWords: { txCount: 2 } });
    const seen: number[] = [];
    end.onRing = () => seen.push(end.rxQueue.rxCount);
    end.rx.read(new Uint8Array(1));
    end.rxQueue.txCount = 3;
    end.rx.advance(2);
    expect(seen).toEqual([1, 3]);
  });
});

describe("never notify", () => {
  const verbs: readonly (readonly [string, (end: End) => unknown])[] = [
    ["tx.poke", (end) => end.tx.poke(message(1, 64))],
    ["tx.getNextFrame", (end) => end.tx.getNextFrame()],
    ["tx.getNextFrame(1)", (end) => end.tx.getNextFrame(1)],
    ["tx.canWrite", (end) => end.tx.canWrite()],
    ["tx.isEmpty", (end) => end.tx.isEmpty()],
    ["tx.framesAvailable", (end) => end.tx.framesAvailable()],
    ["rx.peek", (end) => end.rx.peek(new Uint8Array(64))],
    ["rx.getNextFrame", (end) => end.rx.getNextFrame()],
    ["rx.getNextFrame(1)", (end) => end.rx.getNextFrame(1)],
    ["rx.canRead", (end) => end.rx.canRead()],
    ["rx.framesAvailable", (end) => end.rx.framesAvailable()],
  ];
  test.each(verbs)("%s, on an empty tx and a full rx queue", (_, verb) => {
    const end = openEnd({ nframes: 2, rxWords: { txCount: 2 } });
    verb(end);
    expect(end.rings).toBe(0);
  });

  const failing: readonly (readonly [string, (end: End) => unknown])[] = [
    ["tx.write", (end) => end.tx.write(message(1, 1))],
    ["tx.advance", (end) => end.tx.advance()],
    ["rx.read", (end) => end.rx.read(new Uint8Array(1))],
    ["rx.advance", (end) => end.rx.advance()],
  ];
  test.each(failing)("%s that fails, at every level that forbids it", (_, verb) => {
    for (const nframes of [1, 2, 3, 64]) {
      for (const over of [0, 1, 2]) {
        const end = openEnd({ nframes, txWords: { txCount: nframes + over } });
        if (over > 0) end.rxQueue.txCount = nframes + over;
        expect(unchanged(end, () => verb(end))).toBe(false);
      }
    }
  });

  test("a channel without a notify function works, and rings nobody", () => {
    const end = openEnd({ nframes: 2, notify: false, rxWords: { txCount: 2 } });
    expect(end.tx.write(message(1, 1))).toBe(true);
    expect(end.tx.advance()).toBe(true);
    expect(end.rx.read(new Uint8Array(1))).toBe(true);
    expect(end.rx.advance()).toBe(true);
    expect([end.txQueue.txCount, end.rxQueue.rxCount, end.rings]).toEqual([2, 2, 0]);
  });
});
