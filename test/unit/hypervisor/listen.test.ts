/** SPEC §8: interrupts delivered on the event loop. */
import { describe, expect, type Mock, onTestFinished, test, vi } from "vitest";
import { WAKE } from "../../../src/hypervisor/areas.ts";
import {
  type End,
  fill,
  onlyRings,
  openMany,
  openPair,
  type Pair,
  RUNTIMES,
  receive,
  send,
  settle,
  sleep,
  until,
} from "../../helpers/hypervisor.ts";

/** Installs a handler on a line of which nothing is pending. */
function handle({ guest, cookie }: End, handler: () => void): void {
  let armed = false;
  guest.requestIrq(cookie.irq, () => {
    if (armed) handler();
  });
  guest.poll();
  armed = true;
}

/** A pair of which `a` listens, with nothing pending, and is served by rings only. */
async function listeningPair(): Promise<Pair & { handler: Mock<() => void> }> {
  onlyRings();
  const pair = openPair();
  const handler = vi.fn<() => void>();
  handle(pair.a, handler);
  pair.a.guest.listen();
  await sleep(20);
  handler.mockClear();
  return { ...pair, handler };
}

/** What Node is kept alive by: how many timers. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

describe.each(Object.entries(RUNTIMES))("%s", (_name, prepare) => {
  test("a ring is delivered, not inside the ring but by it", async () => {
    prepare();
    const { b, handler } = await listeningPair();
    b.cookie.notify();
    expect(handler).not.toHaveBeenCalled();
    await until(() => handler.mock.calls.length > 0);
  });

  test("a ring is delivered also after a poll that took nothing but a stale hint", async () => {
    prepare();
    const { a, b, handler } = await listeningPair();
    Atomics.or(new Int32Array(a.handle.wake), WAKE, 1);
    expect(a.guest.poll()).toBe(0);
    await sleep(5);
    b.cookie.notify();
    await until(() => handler.mock.calls.length > 0);
  });

  test("what came before it began is delivered, to ops and to the handler of an endpoint that is not reserved", async () => {
    prepare();
    onlyRings();
    const rxReady = vi.fn();
    const ops = openPair({ ops: { rxReady } });
    send(ops.b.cookie, 1);
    const { a } = openPair();
    const handler = vi.fn();
    a.guest.requestIrq(a.cookie.irq, handler);
    a.cookie.unreserve();
    settle(ops.a.guest, a.guest);
    for (const called of [rxReady, handler]) called.mockClear();
    ops.a.guest.listen();
    a.guest.listen();
    await until(() => rxReady.mock.calls.length > 0 && handler.mock.calls.length > 0);
  });

  test("a stream of frames is delivered whole and in order", async () => {
    prepare();
    onlyRings();
    const { a, b } = openPair();
    const seen: number[] = [];
    handle(a, () => {
      const value = receive(a.cookie);
      if (value !== undefined) seen.push(value);
    });
    a.guest.listen();
    const sent: number[] = [];
    for (let value = 1; value <= 100; ) {
      if (send(b.cookie, value)) sent.push(value++);
      else await sleep(0);
    }
    await until(() => seen.length === 100);
    expect(seen).toEqual(sent);
  });

  test("a reset is carried through by two listening guests without handlers", async () => {
    prepare();
    onlyRings();
    const { a, b } = openPair();
    a.guest.listen();
    b.guest.listen();
    await sleep(10);
    a.cookie.reset();
    await until(() => a.cookie.state === "established" && b.cookie.state === "established" && b.cookie.session > 0);
  });
});

test("starting to listen leaves the line pending, so nothing that came earlier is missed", async () => {
  const { a } = openPair();
  const handler = vi.fn();
  handle(a, handler);
  expect(a.guest.poll(), "nothing is pending before").toBe(0);
  a.guest.listen();
  await until(() => handler.mock.calls.length > 0);
  await sleep(10);
  expect(handler).toHaveBeenCalledTimes(1);
});

test("what is pending when listening starts is delivered", async () => {
  const { a, b } = openPair();
  const handler = vi.fn();
  handle(a, handler);
  b.cookie.notify();
  a.guest.listen();
  await until(() => handler.mock.calls.length > 0);
});

test("it yields to the event loop between turns: a line that is always pending starves nobody", async () => {
  const { a, b } = openPair();
  let calls = 0;
  handle(a, () => {
    // It would go on for ever; a turn that did not end would not be a failure but a hang.
    if (calls++ < 1000) b.cookie.notify();
  });
  b.cookie.notify();
  a.guest.listen();
  let callsPerTurn = 0;
  for (let turn = 0; turn < 10; turn++) {
    const before = calls;
    await new Promise((resolve) => setImmediate(resolve));
    callsPerTurn = Math.max(callsPerTurn, calls - before);
  }
  await until(() => calls > 2);
  a.guest.stopListening();
  expect(callsPerTurn).toBeLessThanOrEqual(2);
});

test("one turn serves each line at most once", async () => {
  const { a, ca, cb } = openMany(2);
  const turns: number[][] = [];
  let turn: number[] = [];
  let armed = false;
  for (const [index, { irq }] of ca.entries()) {
    a.requestIrq(irq, () => {
      if (!armed) return;
      if (turn.length === 0) {
        const current = turn;
        turns.push(current);
        queueMicrotask(() => {
          turn = [];
        });
      }
      turn.push(index);
      if (turns.length < 5) cb[index]!.notify();
    });
  }
  settle(a);
  armed = true;
  cb[0]!.notify();
  cb[1]!.notify();
  a.listen();
  await until(() => turns.length >= 5);
  for (const indices of turns) expect(new Set(indices).size).toBe(indices.length);
});

test("an exception in a handler is an uncaught error, and leaves the other lines pending", async () => {
  const { a, ca, cb } = openMany(3);
  const served: number[] = [];
  let armed = false;
  for (const [index, { irq }] of ca.entries()) {
    a.requestIrq(irq, () => {
      served.push(index);
      if (armed && index === 1) throw new Error("from a handler");
    });
  }
  settle(a);
  // The runner's own listeners would count it as a failure.
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const errors: unknown[] = [];
  const listener = (error: unknown): number => errors.push(error);
  process.on("uncaughtException", listener);
  onTestFinished(() => {
    process.off("uncaughtException", listener);
    for (const other of others) process.on("uncaughtException", other);
  });
  served.length = 0;
  armed = true;
  for (const cookie of cb) cookie.notify();
  a.listen();
  await until(() => served.length >= 3 && errors.length > 0);
  await sleep(10);
  expect(errors).toEqual([new Error("from a handler")]);
  expect(new Set(served)).toEqual(new Set([0, 1, 2]));
  served.length = 0;
  cb[0]!.notify();
  await until(() => served.length > 0);
});

describe("stopListening", () => {
  test("ends delivery; lines stay pending", async () => {
    const { a, b } = openPair();
    const handler = vi.fn();
    handle(a, handler);
    a.guest.listen();
    await sleep(10);
    a.guest.stopListening();
    handler.mockClear();
    b.cookie.notify();
    await sleep(20);
    expect(handler).not.toHaveBeenCalled();
    expect(a.guest.poll()).toBe(1);
  });

  test("lets async waits go on", async () => {
    const { a, b } = openPair();
    a.guest.listen();
    const waiting = a.cookie.rx.waitReadableAsync(1000);
    a.guest.stopListening();
    send(b.cookie, 1);
    expect(await waiting).toBe("ready");
  });

  test("may be called without listening", () => {
    expect(() => openPair().a.guest.stopListening()).not.toThrow();
  });
});

describe("a listening guest keeps a Node process alive", () => {
  test("until it stops listening", () => {
    const { a } = openPair();
    const before = timers();
    a.guest.listen();
    expect(timers()).toBe(before + 1);
    a.guest.stopListening();
    expect(timers()).toBe(before);
  });

  test("until it detaches", () => {
    const { a } = openPair();
    const before = timers();
    a.guest.listen();
    a.guest.detach();
    expect(timers()).toBe(before);
  });

  test("unless told not to", () => {
    const { a } = openPair();
    const before = timers();
    a.guest.listen({ keepAlive: false });
    expect(timers()).toBe(before);
  });
});

describe("listening and other ways side by side", () => {
  test("a poll between turns serves what is pending, once", async () => {
    onlyRings();
    const { a, b } = openPair();
    const handler = vi.fn();
    handle(a, handler);
    a.guest.listen();
    await sleep(10);
    handler.mockClear();
    b.cookie.notify();
    expect(a.guest.poll()).toBe(1);
    await sleep(10);
    expect(handler).toHaveBeenCalledTimes(1);
    b.cookie.notify();
    await until(() => handler.mock.calls.length === 2);
  });

  test.each([
    ["that parked", { spin: 0 }],
    ["that spun to its end", { spin: Infinity }],
  ])(
    "after a blocking wait %s, data is delivered: a line is unmasked unless its owner is polling",
    async (_name, options) => {
      onlyRings();
      const { a, b } = openPair();
      const seen: number[] = [];
      handle(a, () => void (a.cookie.rx.canRead() && seen.push(receive(a.cookie)!)));
      a.guest.listen();
      await sleep(10);
      expect(a.cookie.rx.waitReadable(5, options)).toBe("timed-out");
      await sleep(10);
      send(b.cookie, 1);
      await until(() => seen.length > 0);
      fill(b.cookie);
      await until(() => seen.length === 5);
    },
  );
});
