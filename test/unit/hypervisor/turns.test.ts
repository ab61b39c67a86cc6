/** SPEC §8, §10: what the event loop does not do. It takes no turn for nothing, and does not outlive its use. */
import { describe, expect, type MockInstance, onTestFinished, test, vi } from "vitest";
import { SLEEPING, WAKE } from "../../../src/hypervisor/areas.ts";
import type { GuestHandle, ListenOptions } from "../../../src/index.ts";
import {
  attachFor,
  codeOf,
  fill,
  onlyRings,
  openMany,
  openPair,
  type Pair,
  receive,
  settle,
  until,
} from "../../helpers/hypervisor.ts";

/** Longer than any test. */
const NEVER = 2 ** 30;

const wakeWord = ({ wake }: GuestHandle): number => new Int32Array(wake)[WAKE]!;

/** Turns that the event loop has asked for since; one that a ring begins is not asked for. */
function turnsAskedFor(): MockInstance<typeof setImmediate> {
  const spy = vi.spyOn(globalThis, "setImmediate");
  onTestFinished(() => spy.mockRestore());
  return spy;
}

/** Lets every turn that was asked for so far be taken. */
async function takeTurns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve));
}

/** A pair of which `a` listens, has nothing to do, and sleeps until a ring comes. */
async function asleep(options: ListenOptions = { spin: 0 }): Promise<Pair> {
  onlyRings();
  const pair = openPair();
  pair.a.guest.listen(options);
  await until(() => wakeWord(pair.a.handle) === SLEEPING);
  return pair;
}

/** Has the event loop's look at everything come when the test says so. */
function byHand(): { look: () => void; started: MockInstance; stopped: MockInstance } {
  const real = setInterval;
  let look: () => void = () => undefined;
  const started = vi.spyOn(globalThis, "setInterval").mockImplementation(((work: () => void) => {
    look = work;
    return real(work, NEVER);
  }) as never);
  const stopped = vi.spyOn(globalThis, "clearInterval");
  onTestFinished(() => {
    for (const spy of [started, stopped]) spy.mockRestore();
  });
  return { look: () => look(), started, stopped };
}

describe("no turn is taken", () => {
  test("by a guest that only polls", () => {
    const turns = turnsAskedFor();
    const { a, b } = openPair();
    a.guest.requestIrq(a.cookie.irq, () => undefined);
    b.cookie.notify();
    expect(a.guest.poll()).toBe(1);
    expect(turns).not.toHaveBeenCalled();
  });

  test("after a poll that changes nothing for the listener", async () => {
    const { a } = await asleep();
    const turns = turnsAskedFor();
    expect(a.guest.poll()).toBe(0);
    expect(turns).not.toHaveBeenCalled();
  });

  test.each<[string, (pair: Pair) => void]>([
    ["for a reset of its own, which no wait looks at", ({ a }) => a.cookie.reset()],
    ["when a line is unmasked of which nothing is due", ({ a }) => a.guest.enableIrq(a.cookie.irq)],
    ["when a masked line gets a handler", ({ a }) => a.guest.requestIrq(a.cookie.irq, () => undefined)],
  ])("%s", async (_what, happens) => {
    const pair = await asleep();
    pair.a.guest.disableIrq(pair.a.cookie.irq);
    const turns = turnsAskedFor();
    happens(pair);
    await takeTurns();
    expect(turns).not.toHaveBeenCalled();
  });

  test("after one that was begun by a ring and has served it", async () => {
    const { a, b } = await asleep();
    const handler = vi.fn();
    a.guest.requestIrq(a.cookie.irq, handler);
    await until(() => handler.mock.calls.length === 1);
    const turns = turnsAskedFor();
    b.cookie.notify();
    await until(() => handler.mock.calls.length === 2);
    await takeTurns();
    expect(turns).not.toHaveBeenCalled();
  });

  test("more than once for all that is asked for at once", async () => {
    onlyRings();
    const { a, ca } = openMany(3);
    a.listen({ spin: 0 });
    await takeTurns();
    const turns = turnsAskedFor();
    for (const { irq } of ca) a.requestIrq(irq, () => undefined);
    expect(turns).toHaveBeenCalledTimes(1);
  });
});

describe("a guest that listens spins before it sleeps", () => {
  test.each<[string, ListenOptions, number]>([
    ["16 turns", {}, 16],
    ["as many turns as it is told", { spin: 3 }, 3],
    ["no less than it is told", { spin: 2.5 }, 3],
  ])("%s, after each ring", async (_what, options, spin) => {
    const { a, b } = await asleep(options);
    for (let rings = 0; rings < 3; rings++) {
      const turns = turnsAskedFor();
      b.cookie.notify();
      await until(() => turns.mock.calls.length >= spin && wakeWord(a.handle) === SLEEPING);
      expect(turns).toHaveBeenCalledTimes(spin);
      turns.mockRestore();
    }
  });

  test("and is served within a turn then, without being woken", async () => {
    onlyRings();
    const { a, b } = openPair();
    a.guest.listen({ spin: NEVER });
    const woken = vi.spyOn(Atomics, "notify");
    onTestFinished(() => woken.mockRestore());
    let served = 0;
    a.guest.requestIrq(a.cookie.irq, () => served++);
    await until(() => served === 1);
    for (let times = 2; times <= 4; times++) {
      b.cookie.notify();
      await new Promise(setImmediate);
      expect(served).toBe(times);
    }
    expect(woken).not.toHaveBeenCalled();
  });

  test("but does not if nobody rings: a look at everything, a wait or a poll is no reason to", async () => {
    const { a } = await asleep({ spin: 3 });
    const turns = turnsAskedFor();
    const handler = vi.fn();
    a.guest.requestIrq(a.cookie.irq, handler);
    await until(() => handler.mock.calls.length === 1);
    a.guest.poll();
    a.cookie.rx.waitReadable(0);
    await takeTurns();
    expect(turns).toHaveBeenCalledTimes(1);
  });

  test("nor while it only has async waits", async () => {
    onlyRings();
    const { a, b } = openPair();
    const wait = a.cookie.rx.waitReadableAsync(4000, { spin: 0 });
    expect(wakeWord(a.handle)).toBe(SLEEPING);
    const turns = turnsAskedFor();
    b.cookie.notify();
    await until(() => wakeWord(a.handle) === SLEEPING);
    await takeTurns();
    expect(turns).not.toHaveBeenCalled();
    a.cookie.unreserve();
    expect(await wait).toBe("closed");
  });

  test.each([-1, Number.NaN, 2 ** 30 + 1, Number.POSITIVE_INFINITY, "5"])("not %s turns", async (spin) => {
    const turns = turnsAskedFor();
    const { a } = openPair();
    expect(codeOf(() => a.guest.listen({ spin: spin as number }))).toBe("EINVAL");
    expect(turns).not.toHaveBeenCalled();
  });
});

describe("a guest that sleeps", () => {
  test("asks once to be woken, also if it takes turns meanwhile", async () => {
    const { a } = await asleep();
    const asked = vi.spyOn(Atomics, "waitAsync");
    onTestFinished(() => asked.mockRestore());
    for (let times = 1; times <= 3; times++) {
      const handler = vi.fn();
      a.guest.requestIrq(a.cookie.irq, handler);
      await until(() => handler.mock.calls.length > 0);
      a.guest.freeIrq(a.cookie.irq);
    }
    await takeTurns();
    expect(asked).not.toHaveBeenCalled();
  });

  test("does not ask while a turn is to come anyway", () => {
    onlyRings();
    const { a } = openPair();
    const asked = vi.spyOn(Atomics, "waitAsync");
    onTestFinished(() => asked.mockRestore());
    a.guest.disableIrq(a.cookie.irq);
    a.guest.listen();
    a.cookie.rx.waitReadableAsync(4000, { spin: 0 });
    expect(asked).not.toHaveBeenCalled();
  });

  test("is up again for as many turns as its handler leaves frames for, though nobody rings", async () => {
    const { a, b } = await asleep();
    fill(b.cookie);
    await until(() => wakeWord(a.handle) === SLEEPING);
    const seen: (number | undefined)[] = [];
    a.guest.requestIrq(a.cookie.irq, () => seen.push(receive(a.cookie)));
    await until(() => seen.length === 4);
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test("does not if a ring comes just before it falls asleep", async () => {
    const { a, b } = await asleep();
    const handler = vi.fn();
    a.guest.requestIrq(a.cookie.irq, handler);
    await until(() => handler.mock.calls.length === 1);
    const { waitAsync } = Atomics;
    const asked = vi.spyOn(Atomics, "waitAsync").mockImplementationOnce(((...args: Parameters<typeof waitAsync>) => {
      b.cookie.notify();
      return waitAsync(...args);
    }) as never);
    onTestFinished(() => asked.mockRestore());
    b.cookie.notify();
    await until(() => handler.mock.calls.length === 3);
  });
});

describe("a guest that has stopped listening", () => {
  test("asks no ringer to wake it, also if a handler stopped it", async () => {
    const { a, b } = await asleep();
    a.guest.requestIrq(a.cookie.irq, () => a.guest.stopListening());
    await takeTurns();
    expect(wakeWord(a.handle)).toBe(0);
    const woken = vi.spyOn(Atomics, "notify");
    onTestFinished(() => woken.mockRestore());
    b.cookie.notify();
    expect(woken).not.toHaveBeenCalled();
  });

  test("does not wait to be woken any more", async () => {
    const { a } = await asleep();
    a.guest.stopListening();
    expect(Atomics.notify(new Int32Array(a.handle.wake), WAKE), "how many waited").toBe(0);
  });

  test("has no timer once that has come, and has one again when it listens again", () => {
    const { look, started, stopped } = byHand();
    const { a } = openPair();
    a.guest.listen();
    a.guest.stopListening();
    look();
    expect(stopped).toHaveBeenCalledTimes(1);
    a.guest.listen();
    expect(started).toHaveBeenCalledTimes(2);
  });

  test("and never listened has none", () => {
    const { started } = byHand();
    openPair().a.guest.stopListening();
    expect(started).not.toHaveBeenCalled();
  });
});

describe("a guest that has detached takes no ring of its successor", () => {
  /** Detaches `a`, which listens, and attaches its successor; then `b` rings. */
  function succeed({ hypervisor, a, b }: Pair): { poll(): number } {
    a.guest.detach();
    const successor = attachFor(hypervisor.guest(0));
    successor.reserve(0);
    settle(successor);
    b.cookie.notify();
    return successor;
  }

  test("by a turn that it had asked for", async () => {
    onlyRings();
    const pair = openPair();
    pair.a.guest.listen();
    const successor = succeed(pair);
    await takeTurns();
    expect(successor.poll()).toBe(1);
  });

  test("by its last look at everything", () => {
    const { look } = byHand();
    const pair = openPair();
    pair.a.guest.listen();
    const successor = succeed(pair);
    look();
    expect(successor.poll()).toBe(1);
  });
});
