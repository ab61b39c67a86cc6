/** SPEC §8: an async wait that is over leaves nothing behind: no timer, no listener, nothing that keeps a process alive. */
import { getEventListeners } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import type { WaitOutcome } from "../../../src/index.ts";
import { openPair, type Pair, send } from "../../helpers/hypervisor.ts";

/** The timers that a call starts, and whether they keep a Node.js process alive. */
function timersOf(call: () => void): { readonly size: number; readonly alive: number } {
  const cleared = vi.spyOn(globalThis, "clearTimeout");
  onTestFinished(() => cleared.mockRestore());
  const spies = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "setInterval")];
  call();
  const timers = spies.flatMap(({ mock }) => mock.results.map(({ value }) => value as NodeJS.Timeout));
  for (const spy of spies) spy.mockRestore();
  return {
    size: timers.length,
    get alive() {
      const over = new Set(cleared.mock.calls.flat());
      return timers.filter((timer) => timer.hasRef() && !over.has(timer)).length;
    },
  };
}

test.each<[string, string, (pair: Pair, controller: AbortController) => void]>([
  ["ready", "a frame came", ({ b }) => void send(b.cookie, 1)],
  ["closed", "it was unreserved", ({ a }) => a.cookie.unreserve()],
  ["aborted", "its signal was aborted", (_pair, controller) => controller.abort()],
])("%s: %s", async (outcome, _why, end) => {
  const pair = openPair();
  const controller = new AbortController();
  const { signal } = controller;
  let waiting: Promise<WaitOutcome> | undefined;
  const timers = timersOf(() => {
    waiting = pair.a.cookie.rx.waitReadableAsync(4000, { signal });
  });
  expect([getEventListeners(signal, "abort").length, timers.alive]).toEqual([1, 2]);
  end(pair, controller);
  expect(await waiting).toBe(outcome);
  expect(getEventListeners(signal, "abort"), "listeners").toHaveLength(0);
  expect(timers.alive, "what keeps a Node process alive").toBe(0);
});

test("one that is over at once takes no timer to begin with", async () => {
  const { tx } = openPair().a.cookie;
  let waiting: Promise<WaitOutcome> | undefined;
  const timers = timersOf(() => {
    waiting = tx.waitWritableAsync(4000);
  });
  expect(await waiting).toBe("ready");
  expect(timers.size).toBe(0);
});
