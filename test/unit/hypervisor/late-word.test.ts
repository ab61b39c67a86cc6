/** SPEC §8, death: what is said late, or came before a successor, does it no harm. */
import { expect, test, vi } from "vitest";
import { attach, guestDown } from "../../../src/index.ts";
import type * as Memory from "../../../src/memory.ts";
import { trace } from "../../golden/trace.ts";
import { attachFor, codeOf, onlyRings, openPair, send } from "../../helpers/hypervisor.ts";

vi.mock("../../../src/memory.ts", async (original) => {
  const { recorded } = await import("../../golden/trace.ts");
  return recorded(await original<typeof Memory>());
});

test("who is overtaken while it says down, by another who says it and by a successor, changes nothing of the successor's", () => {
  const { hypervisor, a, b } = openPair();
  const overtake = vi.fn(() => {
    trace.undisturbed();
    guestDown(b.handle);
    return attachFor(hypervisor.guest(1));
  });
  let successor: ReturnType<typeof overtake> | undefined;
  trace.meanwhile("compareExchange ", () => {
    successor = overtake();
    successor.reserve(0);
  });
  trace.of(() => guestDown(b.handle));
  expect(overtake).toHaveBeenCalledTimes(1);
  expect(a.cookie.peerDown, "down").toBe(false);
  expect(codeOf(() => successor?.reserve(0))).toBe("EBUSY");
  expect(codeOf(() => attach(hypervisor.guest(1)))).toBe("EBUSY");
});

test.each([1, 2, 3, 4, 5])(
  "who ends while it says down, at step %i, leaves the rest to the next who says it",
  (step) => {
    const { hypervisor, a, b } = openPair();
    let steps = 0;
    trace.meanwhile("compareExchange ", () => {
      if (++steps === step) throw new Error("its thread has ended");
    });
    expect(() => trace.of(() => guestDown(b.handle))).toThrow("its thread has ended");
    trace.undisturbed();
    expect(guestDown(b.handle)).toBe(true);
    expect(a.cookie.peerDown).toBe(true);
    expect(a.guest.poll(), "the peer is rung").toBe(1);
    expect(attachFor(hypervisor.guest(1)).reserve(0).state).toBe("sync");
  },
);

test("a ring whose hints died with the guest that had taken them does not keep later ones from its successor", async () => {
  onlyRings();
  const { hypervisor, a, b } = openPair();
  send(a.cookie, 1);
  new Int32Array(b.handle.wake).fill(0);
  guestDown(b.handle);
  const successor = attachFor(hypervisor.guest(1));
  const cookie = successor.reserve(0);
  successor.listen();
  a.guest.listen();
  await vi.waitFor(() => expect(cookie.state).toBe("established"), 3000);
});

test("a used handle is refused, and leaves the guest free for the next", () => {
  const { hypervisor, b } = openPair();
  b.guest.detach();
  expect(codeOf(() => attach(b.handle))).toBe("EINVAL");
  expect(attachFor(hypervisor.guest(1)).attached).toBe(true);
});
