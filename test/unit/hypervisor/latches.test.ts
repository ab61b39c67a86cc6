/** SPEC §8: a ring is not lost that comes, or is skipped, just before a line is unmasked, or while its handler runs. */
import { expect, test, vi } from "vitest";
import { Doorbell } from "../../../src/hypervisor/doorbell.ts";
import type * as Memory from "../../../src/memory.ts";
import { trace } from "../../golden/trace.ts";
import { onlyRings, openPair, send, settle } from "../../helpers/hypervisor.ts";

vi.mock("../../../src/memory.ts", async (original) => {
  const { recorded } = await import("../../golden/trace.ts");
  return recorded(await original<typeof Memory>());
});

/** Calls something; just before it unmasks a line, `action` happens. */
function whileMasked<Answer>(call: () => Answer, action: () => void): Answer {
  let answer: Answer | undefined;
  const happens = vi.fn(() => {
    trace.undisturbed();
    action();
  });
  trace.meanwhile("and ", happens);
  trace.of(() => {
    answer = call();
  });
  expect(happens).toHaveBeenCalledTimes(1);
  return answer as Answer;
}

test("a frame that comes just before its line is unmasked is delivered", () => {
  const { a, b } = openPair();
  const handler = vi.fn();
  a.guest.requestIrq(a.cookie.irq, handler);
  settle(a.guest, b.guest);
  a.guest.disableIrq(a.cookie.irq);
  handler.mockClear();
  whileMasked(
    () => a.guest.enableIrq(a.cookie.irq),
    () => send(b.cookie, 1),
  );
  a.guest.poll();
  expect(handler).toHaveBeenCalledTimes(1);
});

test("a frame that comes just before an async wait unmasks its line, which had spun, ends the wait", async () => {
  onlyRings();
  const { a, b } = openPair();
  const waiting = whileMasked(
    () => a.cookie.rx.waitReadableAsync(2000, { spin: 1 }),
    () => send(b.cookie, 1),
  );
  const start = performance.now();
  expect(await waiting).toBe("ready");
  expect(performance.now() - start, "not found at the timeout").toBeLessThan(1000);
});

test("a frame that comes just before an async wait unmasks its line ends the wait at once, not in a later turn", async () => {
  onlyRings();
  const { a, b } = openPair();
  const nextTurn = new Promise((resolve) => setImmediate(resolve, "a later turn"));
  const waiting = whileMasked(
    () => a.cookie.rx.waitReadableAsync(2000, { spin: 1 }),
    () => send(b.cookie, 1),
  );
  expect(await Promise.race([waiting, nextTurn])).toBe("ready");
});

test("a reset by a peer that dies before it rings, just before an async wait unmasks its line, is answered at once", async () => {
  onlyRings();
  const { a, b } = openPair();
  const ring = vi.spyOn(Doorbell.prototype, "ring");
  const waiting = whileMasked(
    () => a.cookie.rx.waitReadableAsync(2000, { spin: 1 }),
    () => {
      ring.mockImplementation(() => undefined);
      b.cookie.reset();
      ring.mockRestore();
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(a.cookie.state).toBe("ack");
  a.cookie.unreserve();
  expect(await waiting).toBe("closed");
});

test("a ring that is taken while its handler runs, by a wait in it, is delivered in the next turn", () => {
  const { a, b } = openPair();
  const handler = vi.fn(() => {
    b.cookie.notify();
    a.cookie.rx.waitReadable(0);
  });
  a.guest.requestIrq(a.cookie.irq, handler);
  a.guest.poll();
  expect(handler).toHaveBeenCalledTimes(1);
  a.guest.poll();
  expect(handler).toHaveBeenCalledTimes(2);
});

test("a wait that spins leaves its line masked, until rings are relied on again: its peer does not pay for them", () => {
  const { a, b } = openPair();
  expect(a.cookie.rx.waitReadable(1, { spin: Number.POSITIVE_INFINITY })).toBe("timed-out");
  const before = b.cookie.rings;
  send(b.cookie, 1);
  expect(b.cookie.rings).toBe(before);
});
