/** SPEC §3: the predicates of a queue, for every relation of its two counters. */
import { describe, expect, test } from "vitest";
import { type End, openEnd, range, unchanged } from "../../helpers/ring.ts";

/** `used` levels worth a test: all that an honest peer can make of a small queue, and what only a broken one makes. */
function levels(nframes: number): number[] {
  const honest = nframes <= 3 ? range(0, nframes) : [0, 1, 2, nframes - 1, nframes];
  return [...honest, nframes + 1, nframes + 2, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - nframes, 2 ** 32 - 2, 2 ** 32 - 1];
}

/** Opens an endpoint both of whose queues hold `used` frames, the receivers' counts being `rxCount`. */
function openUsed(nframes: number, used: number, rxCount: number): End {
  const words = { txCount: (rxCount + used) % 2 ** 32, rxCount };
  return openEnd({ nframes, txWords: words, rxWords: words });
}

const RX_COUNTS = [0, 5, 2 ** 31 - 1, 2 ** 32 - 1];
const ROWS = [1, 2, 3, 64].flatMap((nframes) =>
  levels(nframes).flatMap((used) => RX_COUNTS.map((rxCount) => ({ nframes, used, rxCount }))),
);
const NAME = "nframes $nframes, used $used, rx.count $rxCount";

describe("empty: used = 0 or used > nframes", () => {
  test.each(ROWS)(NAME, ({ nframes, used, rxCount }) => {
    const end = openUsed(nframes, used, rxCount);
    const empty = used === 0 || used > nframes;
    expect(unchanged(end, () => end.rx.canRead())).toBe(!empty);
    expect(unchanged(end, () => end.rx.getNextFrame()) === undefined).toBe(empty);
    expect(unchanged(end, () => end.tx.isEmpty())).toBe(empty);
  });
});

describe("full: used ≥ nframes", () => {
  test.each(ROWS)(NAME, ({ nframes, used, rxCount }) => {
    const end = openUsed(nframes, used, rxCount);
    const full = used >= nframes;
    expect(unchanged(end, () => end.tx.canWrite())).toBe(!full);
    expect(unchanged(end, () => end.tx.getNextFrame()) === undefined).toBe(full);
  });
});

describe("framesAvailable: of tx nframes − used, of rx used, each within 0…nframes", () => {
  test.each(ROWS)(NAME, ({ nframes, used, rxCount }) => {
    const end = openUsed(nframes, used, rxCount);
    const overfull = used > nframes;
    expect(unchanged(end, () => end.tx.framesAvailable())).toBe(overfull ? 0 : nframes - used);
    expect(unchanged(end, () => end.rx.framesAvailable())).toBe(overfull ? 0 : used);
  });
});

describe("over-full is seen by its owner", () => {
  test.each(ROWS)(NAME, ({ nframes, used, rxCount }) => {
    const end = openUsed(nframes, used, rxCount);
    expect(unchanged(end, () => end.tx.isOverfull())).toBe(used > nframes);
    expect(unchanged(end, () => end.rx.isOverfull())).toBe(used > nframes);
  });
});

describe("nothing moves while over-full", () => {
  test.each(ROWS.filter(({ nframes, used }) => used > nframes))(NAME, ({ nframes, used, rxCount }) => {
    const end = openUsed(nframes, used, rxCount);
    const into = Uint8Array.of(1, 2, 3);
    expect(unchanged(end, () => end.tx.write(into))).toBe(false);
    expect(unchanged(end, () => end.tx.poke(into))).toBe(false);
    expect(unchanged(end, () => end.tx.advance())).toBe(false);
    expect(unchanged(end, () => end.tx.advance(nframes))).toBe(false);
    expect(unchanged(end, () => end.rx.read(into))).toBe(false);
    expect(unchanged(end, () => end.rx.peek(into))).toBe(false);
    expect(unchanged(end, () => end.rx.advance())).toBe(false);
    expect(unchanged(end, () => end.rx.advance(nframes))).toBe(false);
    expect(into).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("until a reset", () => {
    const end = openUsed(2, 3, 0);
    end.channel.reset();
    // The peer: clears its words and says ACK.
    end.rxQueue.txCount = 0;
    end.txQueue.rxCount = 0;
    end.rxQueue.txState = 2;
    expect(end.channel.notified()).toBe(true);
    expect([end.tx.isOverfull(), end.rx.isOverfull()]).toEqual([false, false]);
    expect(end.tx.write(Uint8Array.of(1))).toBe(true);
    end.rxQueue.txCount = 1;
    expect(end.rx.advance()).toBe(true);
  });
});

describe("while not ESTABLISHED", () => {
  test.each(["sync", "ack"] as const)("%s: canRead and canWrite are false with frames and room", (state) => {
    const end = openEnd({ nframes: 4, rxWords: { txCount: 2 } });
    end.enter(state);
    expect(unchanged(end, () => end.tx.canWrite())).toBe(false);
    expect(unchanged(end, () => end.rx.canRead())).toBe(false);
  });

  test.each([
    ["sync", 0, true],
    ["sync", 1, false],
    ["sync", 2, false],
    ["sync", 3, true],
    ["ack", 0, true],
    ["ack", 1, false],
    ["ack", 2, false],
    ["ack", 3, true],
  ] as const)("%s: tx.isEmpty ignores it; of 2 frames %d used: %o", (state, used, empty) => {
    const end = openEnd({ nframes: 2 });
    end.enter(state);
    end.txQueue.rxCount = (2 ** 32 - used) % 2 ** 32;
    expect(unchanged(end, () => end.tx.isEmpty())).toBe(empty);
  });

  test.each(["sync", "ack"] as const)("%s: an over-full queue is seen", (state) => {
    const end = openEnd({ nframes: 2 });
    end.enter(state);
    expect([end.tx.isOverfull(), end.rx.isOverfull()]).toEqual([false, false]);
    end.txQueue.rxCount = 1;
    end.rxQueue.txCount = 3;
    expect([end.tx.isOverfull(), end.rx.isOverfull()]).toEqual([true, true]);
  });
});

describe("queries follow the peer", () => {
  test("canRead, once false, turns true when the peer publishes", () => {
    const end = openEnd({ nframes: 2 });
    expect(end.rx.canRead()).toBe(false);
    end.rxQueue.txCount = 1;
    expect(end.rx.canRead()).toBe(true);
  });

  test("canWrite, once false, turns true when the peer consumes", () => {
    const end = openEnd({ nframes: 2, txWords: { txCount: 2 } });
    expect(end.tx.canWrite()).toBe(false);
    end.txQueue.rxCount = 1;
    expect(end.tx.canWrite()).toBe(true);
  });

  test("rx.framesAvailable counts what came since", () => {
    const end = openEnd({ nframes: 4 });
    const seen = [0, 1, 3, 4, 5].map((txCount) => {
      end.rxQueue.txCount = txCount;
      return end.rx.framesAvailable();
    });
    expect(seen).toEqual([0, 1, 3, 4, 0]);
  });

  test("tx.framesAvailable counts what was freed since", () => {
    const end = openEnd({ nframes: 4, txWords: { txCount: 4 } });
    const seen = [0, 1, 3, 4, 5].map((rxCount) => {
      end.txQueue.rxCount = rxCount;
      return end.tx.framesAvailable();
    });
    expect(seen).toEqual([0, 1, 3, 4, 0]);
  });

  test("tx.isEmpty turns true when the peer has consumed everything", () => {
    const end = openEnd({ nframes: 4, txWords: { txCount: 2 } });
    const seen = [0, 1, 2].map((rxCount) => {
      end.txQueue.rxCount = rxCount;
      return end.tx.isEmpty();
    });
    expect(seen).toEqual([false, false, true]);
  });
});
