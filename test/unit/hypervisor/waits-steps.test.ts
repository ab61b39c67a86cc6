/** SPEC §8: what else a wait does, and does not do; what it refuses. */
import { describe, expect, type Mock, onTestFinished, test, vi } from "vitest";
import type { IrqHandler, IvcCookie, WaitOutcome } from "../../../src/index.ts";
import {
  atLoad,
  codeOf,
  fill,
  forbidBlocking,
  openMany,
  openPair,
  receive,
  send,
  settle,
  sleep,
} from "../../helpers/hypervisor.ts";

const LONG = 4000;

/** How a wait for a frame passes a short time. */
const ways: Record<string, (cookie: IvcCookie, timeout: number) => WaitOutcome | Promise<WaitOutcome>> = {
  "a blocking wait that spins": ({ rx }, timeout) => rx.waitReadable(timeout, { spin: Infinity }),
  "a blocking wait that parks": ({ rx }, timeout) => rx.waitReadable(timeout, { spin: 0 }),
  "an async wait": ({ rx }, timeout) => rx.waitReadableAsync(timeout),
};

/** Channels 0 and 1, with a handler on each of `a`'s lines. */
function handled(): ReturnType<typeof openMany> & { handlers: Mock<IrqHandler>[] } {
  const world = openMany(2);
  const handlers = world.ca.map(({ irq }) => {
    const handler = vi.fn<IrqHandler>();
    world.a.requestIrq(irq, handler);
    return handler;
  });
  settle(world.a, world.b);
  for (const handler of handlers) handler.mockClear();
  return { ...world, handlers };
}

describe.each(Object.entries(ways))("%s", (_name, wait) => {
  test("calls no handlers: their lines stay pending for a later poll", async () => {
    const { a, ca, cb, handlers } = handled();
    cb[1]!.notify();
    send(cb[0]!, 1);
    receive(ca[0]!);
    expect(await wait(ca[0]!, 10)).toBe("timed-out");
    expect(handlers.map((handler) => handler.mock.calls.length)).toEqual([0, 0]);
    expect(a.poll()).toBe(2);
    expect(handlers.map((handler) => handler.mock.calls.length)).toEqual([1, 1]);
    expect(a.poll()).toBe(0);
  });

  test("that is ready leaves its own line pending too", async () => {
    const { a, ca, cb, handlers } = handled();
    send(cb[0]!, 1);
    expect(await wait(ca[0]!, 10)).toBe("ready");
    expect(handlers[0]).not.toHaveBeenCalled();
    a.poll();
    expect(handlers[0]).toHaveBeenCalledTimes(1);
  });

  test("calls no ops", async () => {
    const calls: string[] = [];
    const { a, b } = openPair({ ops: { rxReady: () => calls.push("rx"), txReady: () => calls.push("tx") } });
    calls.length = 0;
    b.cookie.notify();
    await wait(a.cookie, 10);
    expect(calls).toEqual([]);
    a.guest.poll();
    expect(calls).toEqual(["tx"]);
  });

  test("runs the reset step of every line that rings on its guest, not only of its own", async () => {
    const { a, b, ca, cb } = openMany(3);
    cb[1]!.reset();
    cb[2]!.reset();
    expect(await wait(ca[0]!, 10)).toBe("timed-out");
    expect(ca.map(({ state }) => state)).toEqual(["established", "ack", "ack"]);
    b.poll();
    expect(await wait(ca[0]!, 10)).toBe("timed-out");
    settle(b);
    expect([...ca, ...cb].map(({ state }) => state)).toEqual(new Array(6).fill("established"));
    expect(a.poll(), "the lines stayed pending").toBe(2);
  });

  test("runs the reset step of its own line also while that is masked", async () => {
    const { a, b } = openPair();
    a.guest.disableIrq(a.cookie.irq);
    b.cookie.reset();
    expect(await wait(a.cookie, 10)).toBe("timed-out");
    expect(a.cookie.state).toBe("ack");
  });

  test("leaves the line unmasked for the way that follows: a poll finds a frame that came after the wait", async () => {
    const { a, ca, cb, handlers } = handled();
    await wait(ca[0]!, 5);
    send(cb[0]!, 1);
    expect(a.poll()).toBe(1);
    expect(handlers[0]).toHaveBeenCalledTimes(1);
  });

  test("leaves the line unmasked for the way that follows: guest.wait finds room that was made after the wait", async () => {
    const { a, ca, cb } = handled();
    fill(ca[0]!);
    await wait(ca[0]!, 5);
    receive(cb[0]!);
    expect(a.wait(100)).toBe(1);
  });
});

test("a wait that spins neither sleeps nor wants rings: the peer that publishes meanwhile saves its ring", () => {
  const { a, b } = openPair();
  const rings = b.cookie.rings;
  const wait = vi.spyOn(Atomics, "wait");
  onTestFinished(() => wait.mockRestore());
  atLoad(500, () => send(b.cookie, 1));
  expect(a.cookie.rx.waitReadable(LONG, { spin: 1000 })).toBe("ready");
  expect(b.cookie.rings).toBe(rings);
  expect(wait.mock.calls.filter(([, , , timeout]) => timeout !== 0)).toEqual([]);
});

test("a wait that only looks finds at once what its first look at everything finds", () => {
  const { a, b } = openPair();
  a.cookie.reset();
  b.guest.poll();
  new Int32Array(a.handle.wake).fill(0);
  const later = performance.now() + 250;
  const clock = vi.spyOn(performance, "now").mockReturnValue(later);
  onTestFinished(() => clock.mockRestore());
  expect(a.cookie.waitEstablished(0)).toBe("ready");
});

test("the longest timeout is 2^31 − 1 ms", () => {
  const { a, b } = openPair();
  send(b.cookie, 1);
  expect(a.cookie.rx.waitReadable(2 ** 31 - 1)).toBe("ready");
});

describe("an async wait on a guest that listens", () => {
  test("is ready, and the handlers are called by the listener", async () => {
    const { a, ca, cb, handlers } = handled();
    a.listen();
    const waiting = ca[0]!.rx.waitReadableAsync(LONG);
    send(cb[0]!, 1);
    expect(await waiting).toBe("ready");
    await sleep(10);
    expect(handlers[0]).toHaveBeenCalled();
  });
});

/** The waits of an endpoint, each in a situation where it would park. */
const waits: [string, (cookie: IvcCookie, timeout: number, options?: never) => unknown][] = [
  ["waitReadable", ({ rx }, ...rest) => rx.waitReadable(...rest)],
  ["waitWritable", ({ tx }, ...rest) => tx.waitWritable(...rest)],
  ["waitEstablished", (cookie, ...rest) => cookie.waitEstablished(...rest)],
];
const asyncWaits: typeof waits = [
  ["waitReadableAsync", ({ rx }, ...rest) => rx.waitReadableAsync(...rest)],
  ["waitWritableAsync", ({ tx }, ...rest) => tx.waitWritableAsync(...rest)],
  ["waitEstablishedAsync", (cookie, ...rest) => cookie.waitEstablishedAsync(...rest)],
];

describe.each([...waits, ...asyncWaits])(
  "bad arguments of %s throw EINVAL, also if it would be ready",
  (_name, wait) => {
    test.each([-1, -0.001, Number.NaN, Infinity, "5", null, undefined, {}, 5n])("timeout %s", (timeout) => {
      const { a, b } = openPair();
      send(b.cookie, 1);
      expect(codeOf(() => wait(a.cookie, timeout as never))).toBe("EINVAL");
    });

    test.each([-1, Number.NaN, "5", {}])("spin %s", (spin) => {
      const { a, b } = openPair();
      send(b.cookie, 1);
      const options = { spin } as never;
      expect(codeOf(() => wait(a.cookie, 5, options))).toBe("EINVAL");
    });
  },
);

describe("where blocking is not allowed, an error names the async way", () => {
  test.each(waits)("%s", (name, wait) => {
    forbidBlocking();
    const { a } = openPair();
    fill(a.cookie);
    a.cookie.reset();
    expect(codeOf(() => wait(a.cookie, LONG))).toBe("EINVAL");
    expect(() => wait(a.cookie, LONG)).toThrow(`${name}Async`);
  });

  test("guest.wait: listen", () => {
    forbidBlocking();
    const { a } = openPair();
    expect(codeOf(() => a.guest.wait(LONG))).toBe("EINVAL");
    expect(() => a.guest.wait(LONG)).toThrow("listen");
  });

  test("what does not block works: timeout 0, poll, and all verbs", () => {
    forbidBlocking();
    const { a, b } = openPair();
    expect(a.cookie.rx.waitReadable(0)).toBe("timed-out");
    expect(a.guest.wait(0)).toBe(0);
    send(b.cookie, 4);
    expect(a.cookie.rx.waitReadable(0)).toBe("ready");
    expect([a.guest.poll(), receive(a.cookie)]).toEqual([1, 4]);
  });
});
