/** SPEC §8, "Lines": what latches a line, what one interrupt stands for, and what a turn serves. */
import { describe, expect, type Mock, onTestFinished, test, vi } from "vitest";
import { WAKE } from "../../../src/hypervisor/areas.ts";
import type { IrqHandler } from "../../../src/index.ts";
import {
  codeOf,
  fill,
  openEnd,
  openMany,
  openPair,
  type Pair,
  receive,
  send,
  settle,
} from "../../helpers/hypervisor.ts";

/** A pair whose `a` end has a handler that was called for nothing yet. */
function handled(): Pair & { handler: Mock<IrqHandler> } {
  const pair = openPair();
  const handler = vi.fn<IrqHandler>();
  pair.a.guest.requestIrq(pair.a.cookie.irq, handler);
  settle(pair.a.guest, pair.b.guest);
  handler.mockClear();
  return { ...pair, handler };
}

describe("a ring always latches its line", () => {
  test("while it has a handler: it is served at the next poll, not inside the ring", () => {
    const { a, b, handler } = handled();
    b.cookie.notify();
    expect(handler).not.toHaveBeenCalled();
    expect(a.guest.poll()).toBe(1);
    expect(handler.mock.calls).toEqual([[a.cookie.irq]]);
  });

  test("while the endpoint is not reserved: the handler of the line is called", () => {
    const { a, b, handler } = handled();
    a.cookie.unreserve();
    b.cookie.notify();
    expect(a.guest.poll()).toBe(1);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("while the endpoint is not reserved and there is no handler: it stays pending for the one who comes", () => {
    const { a, b } = openPair();
    a.cookie.unreserve();
    b.cookie.notify();
    expect(a.guest.poll(), "nobody to deliver to").toBe(0);
    a.guest.reserve(0);
    expect(a.guest.poll()).toBe(1);
  });

  test("while it has no handler: the reset step is done, and the line counts as served", () => {
    const { a, b } = openPair();
    b.cookie.reset();
    expect(a.guest.poll()).toBe(1);
    expect(a.cookie.state).toBe("ack");
    expect(a.guest.poll()).toBe(0);
  });

  test("while it is masked: it is served once it is unmasked", () => {
    const { a, b, handler } = handled();
    a.guest.disableIrq(a.cookie.irq);
    b.cookie.notify();
    expect(a.guest.poll()).toBe(0);
    a.guest.enableIrq(a.cookie.irq);
    expect(a.guest.poll()).toBe(1);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("while the guest is not attached: frames and resets are found by the one who attaches", () => {
    const { hypervisor, a, b } = openPair();
    a.guest.detach();
    send(b.cookie, 1);
    b.cookie.reset();
    const next = openEnd(hypervisor, 0, 0);
    expect(next.guest.poll()).toBe(1);
    expect(next.cookie.state).toBe("ack");
  });
});

describe("one interrupt", () => {
  test("may stand for many frames", () => {
    const { a, b, handler } = handled();
    fill(b.cookie);
    expect(a.guest.poll()).toBe(1);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("stands for all rings before it: they coalesce", () => {
    const { a, b, handler } = handled();
    for (let i = 0; i < 10; i++) b.cookie.notify();
    settle(a.guest);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("is edge-triggered: a frame that stays waiting is not told of again", () => {
    const { a, b, handler } = handled();
    send(b.cookie, 1);
    settle(a.guest);
    for (let turn = 0; turn < 5; turn++) expect(a.guest.poll()).toBe(0);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("comes again for a ring after it", () => {
    const { a, b, handler } = handled();
    b.cookie.notify();
    a.guest.poll();
    b.cookie.notify();
    a.guest.poll();
    expect(handler).toHaveBeenCalledTimes(2);
  });

  test("comes again for a ring during its handler, in the next turn", () => {
    const { a, b, handler } = handled();
    handler.mockImplementationOnce(() => b.cookie.notify());
    b.cookie.notify();
    expect([1, 2, 3].map(() => a.guest.poll())).toEqual([1, 1, 0]);
    expect(handler).toHaveBeenCalledTimes(2);
  });

  test("is on the line of its endpoint only", () => {
    const { a, ca, cb } = openMany(3);
    const handlers = ca.map(({ irq }) => {
      const handler = vi.fn();
      a.requestIrq(irq, handler);
      return handler;
    });
    settle(a);
    for (const handler of handlers) handler.mockClear();
    cb[1]!.notify();
    expect(a.poll()).toBe(1);
    expect(handlers.map((handler) => handler.mock.calls.length)).toEqual([0, 1, 0]);
  });
});

describe("leaves the line pending, so nothing that came earlier is missed", () => {
  test("reserve", () => {
    const { a } = openPair();
    a.cookie.unreserve();
    a.guest.reserve(0);
    expect(a.guest.poll()).toBe(1);
  });

  test("installing a handler", () => {
    const { a } = openPair();
    const handler = vi.fn();
    a.guest.requestIrq(a.cookie.irq, handler);
    expect(handler, "not inside the call").not.toHaveBeenCalled();
    expect(a.guest.poll()).toBe(1);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("installing a handler again", () => {
    const { a, handler } = handled();
    a.guest.freeIrq(a.cookie.irq);
    a.guest.requestIrq(a.cookie.irq, handler);
    a.guest.poll();
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("leaving loopback", () => {
    const { a, handler } = handled();
    a.cookie.setLoopback(true);
    settle(a.guest);
    handler.mockClear();
    a.cookie.setLoopback(false);
    expect(a.guest.poll()).toBe(1);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("not a failed requestIrq", () => {
    const { a, handler } = handled();
    expect(codeOf(() => a.guest.requestIrq(a.cookie.irq, handler))).toBe("EBUSY");
    expect(a.guest.poll()).toBe(0);
  });
});

describe("dispatch of a line", () => {
  test("runs the reset step before the handler", () => {
    const { a, b, handler } = handled();
    const states: string[] = [];
    handler.mockImplementation(() => states.push(a.cookie.state));
    b.cookie.reset();
    a.guest.poll();
    expect(states).toEqual(["ack"]);
  });

  test("data calls never run the reset step", () => {
    const { a, b } = openPair();
    b.cookie.reset();
    send(a.cookie, 1);
    receive(a.cookie);
    a.cookie.tx.canWrite();
    a.cookie.tx.getNextFrame();
    a.cookie.tx.advance();
    a.cookie.rx.advance();
    expect(a.cookie.state).toBe("established");
  });

  test("a handler that consumed a frame and left some is called again next turn, without a ring", () => {
    const { a, b, handler } = handled();
    handler.mockImplementation(() => receive(a.cookie));
    fill(b.cookie);
    expect([1, 2, 3, 4, 5].map(() => a.guest.poll())).toEqual([1, 1, 1, 1, 0]);
    expect(handler).toHaveBeenCalledTimes(4);
  });
});

describe("one turn", () => {
  test("serves each pending line once, and tells how many", () => {
    const { a, ca, cb } = openMany(3);
    const order: number[] = [];
    for (const { irq } of ca) a.requestIrq(irq, () => order.push(irq));
    settle(a);
    order.length = 0;
    for (const cookie of cb) cookie.notify();
    expect(a.poll()).toBe(3);
    expect(order.toSorted()).toEqual(ca.map(({ irq }) => irq));
  });

  test("serves no line twice, even if its handler makes it pending again, by a ring or by a partial read", () => {
    const { a, b, ca, cb } = openMany(2);
    let calls = 0;
    a.requestIrq(ca[0]!.irq, () => {
      calls++;
      receive(ca[0]!);
      cb[0]!.notify();
    });
    settle(b);
    a.poll();
    fill(cb[0]!);
    calls = 0;
    expect(a.poll()).toBe(1);
    expect(calls).toBe(1);
  });

  test("a line made pending by another line's handler is served at last in the next turn", () => {
    const { a, ca, cb } = openMany(2);
    const calls: number[] = [];
    a.requestIrq(ca[0]!.irq, () => {
      calls.push(0);
      cb[1]!.notify();
    });
    a.requestIrq(ca[1]!.irq, () => calls.push(1));
    settle(a);
    calls.length = 0;
    cb[0]!.notify();
    a.poll();
    a.poll();
    expect(calls).toEqual([0, 1]);
  });

  test("within another, by a handler that polls, serves what is left of it: no line twice", () => {
    const { a, ca, cb } = openMany(3);
    const order: number[] = [];
    let inner = 0;
    for (const { irq } of ca) {
      a.requestIrq(irq, () => {
        order.push(irq);
        if (order.length === 1) inner = a.poll();
      });
    }
    settle(a);
    order.length = 0;
    for (const cookie of cb) cookie.notify();
    expect([a.poll(), inner]).toEqual([1, 2]);
    expect(order.toSorted()).toEqual(ca.map(({ irq }) => irq));
  });

  test("with a line that is always pending starves no other", () => {
    const { a, ca, cb } = openMany(2);
    let quiet = 0;
    a.requestIrq(ca[0]!.irq, () => cb[0]!.notify());
    a.requestIrq(ca[1]!.irq, () => quiet++);
    a.poll();
    quiet = 0;
    for (let turn = 0; turn < 3; turn++) {
      cb[1]!.notify();
      a.poll();
    }
    expect(quiet).toBeGreaterThanOrEqual(2);
  });

  test("an exception in a handler comes out of poll and leaves the other lines pending", () => {
    const { a, ca, cb } = openMany(3);
    const served: number[] = [];
    for (const [index, { irq }] of ca.entries()) {
      a.requestIrq(irq, () => {
        served.push(index);
        if (index === 0 && armed) throw new Error("from a handler");
      });
    }
    let armed = false;
    settle(a);
    served.length = 0;
    armed = true;
    for (const cookie of cb) cookie.notify();
    let thrown = 0;
    for (let turn = 0; turn < 5; turn++) {
      try {
        a.poll();
      } catch (error) {
        expect(error).toEqual(new Error("from a handler"));
        thrown++;
      }
    }
    expect(thrown).toBe(1);
    expect(served.toSorted(), "each once, in whatever order").toEqual([0, 1, 2]);
  });

  test("a delivery finds its line among many idle ones", () => {
    const { a, ca, cb } = openMany(100);
    for (const index of [0, 31, 32, 63, 64, 99]) {
      const handler = vi.fn();
      a.requestIrq(ca[index]!.irq, handler);
      settle(a);
      handler.mockClear();
      cb[index]!.notify();
      expect(a.poll()).toBe(1);
      expect(handler.mock.calls).toEqual([[ca[index]!.irq]]);
    }
  });
});

test("a poll costs no more for many idle lines", () => {
  const loads = [2, 100].map((count) => {
    const { a } = openMany(count);
    const load = vi.spyOn(Atomics, "load");
    a.poll();
    const calls = load.mock.calls.length;
    load.mockRestore();
    return calls;
  });
  expect(loads[1]).toBe(loads[0]);
});

test("hints of lines and groups that do not exist are ignored", () => {
  const { a } = openPair();
  const wake = new Int32Array(a.handle.wake);
  wake.fill(-1);
  wake[WAKE] = 2 ** 31 - 1;
  expect(a.guest.poll()).toBe(0);
});

describe("guest.wait", () => {
  test("is n when lines are pending", () => {
    const { a, cb } = openMany(3);
    cb[0]!.notify();
    cb[2]!.notify();
    expect(a.wait(1000)).toBe(2);
  });

  test("is 0 after the timeout, no sooner", () => {
    const { a } = openPair();
    const start = performance.now();
    expect(a.guest.wait(30)).toBe(0);
    expect(performance.now() - start).toBeGreaterThanOrEqual(29);
  });

  test("is 0 at once with timeout 0, which polls", () => {
    const { a, b } = openPair();
    expect(a.guest.wait(0)).toBe(0);
    b.cookie.notify();
    expect(a.guest.wait(0)).toBe(1);
  });

  test("that timed out asks no ringer to wake anybody", () => {
    const { a } = openPair();
    a.guest.wait(1);
    expect(new Int32Array(a.handle.wake)[WAKE]).toBe(0);
  });

  test("calls the handlers as poll does, and an exception comes out", () => {
    const { a, b, handler } = handled();
    handler.mockImplementation(() => {
      throw new Error("from a handler");
    });
    b.cookie.notify();
    expect(() => a.guest.wait(1000)).toThrow("from a handler");
  });

  test.each([-1, Number.NaN, Infinity, "5", null, undefined])("refuses a bad timeout: %s", (timeout) => {
    expect(codeOf(() => openPair().a.guest.wait(timeout as never))).toBe("EINVAL");
  });

  test("sleeps on after a slice, and does not spin", () => {
    const { a } = openPair();
    const arm = vi.spyOn(Atomics, "or");
    onTestFinished(() => arm.mockRestore());
    a.guest.wait(300);
    expect(arm.mock.calls.length).toBeLessThan(10);
  });

  test("sleeps at most 250 ms before everything is looked at again: hints that others reach may be lost", () => {
    const { a, b } = openPair();
    b.cookie.notify();
    new Int32Array(a.handle.wake).fill(0);
    const start = performance.now();
    expect(a.guest.wait(4000)).toBe(1);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
