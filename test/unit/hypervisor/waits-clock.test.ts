/** What a blocking wait sleeps, and when it looks at the clock, whose readings are garbage (SPEC §8, §10). */
import { expect, onTestFinished, test, vi } from "vitest";
import { atLoad, openPair, receive, send } from "../../helpers/hypervisor.ts";

const START = 1_000_000;

/**
 * A clock that stands still but for sleeps: each takes its whole time, unless `ring` says that it has woken the sleeper.
 * Returns the sleeps, in ms.
 */
function sleeps(ring: (sleep: number) => boolean = () => false): { taken: number[]; readings: () => number } {
  let now = START;
  const taken: number[] = [];
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
  const wait = vi.spyOn(Atomics, "wait").mockImplementation(((
    _words: Int32Array,
    _index: number,
    _value: number,
    timeout: number,
  ) => {
    if (timeout === 0) return "not-equal";
    taken.push(timeout);
    if (ring(taken.length)) return "ok";
    now += timeout;
    return "timed-out";
  }) as never);
  onTestFinished(() => {
    for (const spy of [clock, wait]) spy.mockRestore();
  });
  return { taken, readings: () => clock.mock.calls.length };
}

test.each([
  [3, [3]],
  [4, [4]],
  [10, [4, 6]],
  [300, [4, 250, 46]],
])("a wait of %i ms that nothing ends sleeps so long in all", (timeout, expected) => {
  const { a } = openPair();
  const { taken } = sleeps();
  expect(a.cookie.rx.waitReadable(timeout, { spin: 0 })).toBe("timed-out");
  expect(taken).toEqual(expected);
});

test("a wait that is rung in its first sleep does not look at the clock", () => {
  const { a, b } = openPair();
  const { taken, readings } = sleeps(() => {
    send(b.cookie, 1);
    return true;
  });
  expect(a.cookie.rx.waitReadable(1000, { spin: 0 })).toBe("ready");
  expect(taken).toEqual([4]);
  expect(readings()).toBe(0);
});

test("nor does one that is ready at once, or while it spins", () => {
  const { a, b } = openPair();
  const { readings } = sleeps();
  send(b.cookie, 1);
  expect(a.cookie.rx.waitReadable(1000, { spin: 0 })).toBe("ready");
  receive(a.cookie);
  atLoad(500, () => send(b.cookie, 2));
  expect(a.cookie.rx.waitReadable(1000)).toBe("ready");
  expect(readings()).toBe(0);
});

test("a wait that is rung for nothing goes on, and ends at most 4 ms late", () => {
  const { a, b } = openPair();
  const { taken } = sleeps((sleep) => {
    if (sleep === 1) b.cookie.notify();
    return sleep === 1;
  });
  expect(a.cookie.rx.waitReadable(10, { spin: 0 })).toBe("timed-out");
  expect(taken).toEqual([4, 10]);
});

test("a wait that has spun until it looked at the clock does not sleep beyond its end", () => {
  const { a } = openPair();
  let now = START;
  const { taken } = sleeps();
  vi.spyOn(performance, "now").mockImplementation(() => now++);
  // Each of the three times it reads the clock twice, which goes on by 1 ms; the end is counted from the second reading.
  expect(a.cookie.rx.waitReadable(7, { spin: 3 * 64 * 1024 })).toBe("timed-out");
  expect(taken[0]).toBe(2);
});

test("a wait for room spins too: it does not sleep for what comes meanwhile", () => {
  const { a, b } = openPair({ nframes: 1 });
  const { taken } = sleeps();
  send(a.cookie, 1);
  atLoad(50, () => receive(b.cookie));
  expect(a.cookie.tx.waitWritable(1000, { spin: 60 })).toBe("ready");
  expect(taken).toEqual([]);
});
