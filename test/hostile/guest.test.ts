/**
 * SPEC §9 on the hypervisor layer, call by call, as ring.test.ts on the ring layer: the peer also writes the line, wake and
 * life words and the packed states. Where the tree of all answers is too large, the peer is free in a window of fetches,
 * which slides over the call; the fetches outside of it find a scene that leads far into the call.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { IvcCookie } from "../../src/index.ts";
import type * as Memory from "../../src/memory.ts";
import { besiege, besiegeInWindows } from "./guest-siege.ts";
import { type Setup, stopTheClock, type World } from "./guest-world.ts";
import { is, VERBS, type Verb, yesOrNo } from "./verbs.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { besieged } = await import("./besieged.ts");
  return besieged(await original<typeof Memory>());
});

beforeAll(stopTheClock);

const within =
  (most: number): Verb<World>["answers"] =>
  (answer) =>
    Number.isInteger(answer) && (answer as number) >= 0 && (answer as number) <= most;
const outcomes = is("ready", "peer-down", "timed-out");
const nothing = is(undefined);

/** A wake-up, and the transition test's look at the mask, more than a bare channel's call of `notify`. */
const RING = 5;
const rings = new Set(["tx.write", "tx.write, short", "tx.advance", "tx.advance, all"]);
for (const name of [...rings]) rings.add(name.replace("tx", "rx").replace("write", "read"));

const small: Record<string, Verb<World>> = {};
for (const [name, verb] of Object.entries(VERBS)) {
  if (verb.resets) continue;
  small[name] = { ...verb, call: ({ cookie }) => verb.call(cookie), bound: verb.bound + (rings.has(name) ? RING : 0) };
}
Object.assign(small, {
  reset: { call: ({ cookie }) => cookie.reset(), answers: nothing, resets: true, bound: 6 },
  notify: { call: ({ cookie }) => cookie.notify(), answers: nothing, bound: 4 },
  peerDown: { call: ({ cookie }) => cookie.peerDown, answers: yesOrNo, bound: 1 },
  dump: { call: ({ cookie }) => JSON.stringify(cookie.dump()).length < 400, answers: is(true), bound: 3 },
  unreserve: { call: ({ cookie }) => cookie.unreserve(), answers: nothing, bound: 4 },
  disableIrq: { call: ({ guest }) => guest.disableIrq(1), answers: nothing, bound: 1 },
  requestIrq: {
    call: ({ guest }) => {
      guest.requestIrq(1, () => undefined);
      guest.freeIrq(1);
    },
    answers: nothing,
    bound: 0,
  },
  // Where the peer does not reach: the own area.
  reserveMempool: { call: ({ guest }) => guest.reserveMempool(0).unreserve(), answers: nothing, bound: 2 },
} satisfies Record<string, Verb<World>>);

const large: Record<string, Verb<World>> = {
  notified: { call: ({ cookie }) => cookie.notified(), answers: yesOrNo, resets: true, bound: 22 },
  enableIrq: {
    call: ({ guest }) => {
      guest.disableIrq(1);
      guest.enableIrq(1);
    },
    answers: nothing,
    bound: 5,
  },
  poll: { call: ({ guest }) => guest.poll(), answers: within(2), resets: true, bound: 51 },
  "wait 0": { call: ({ guest }) => guest.wait(0), answers: within(2), resets: true, bound: 51 },
  wait: { call: ({ guest }) => guest.wait(100), answers: within(2), resets: true, bound: 51 },
};
/** What an async wait answers at once. */
const promise: Verb<World>["answers"] = (answer) => answer instanceof Promise;

const asyncWaits: Record<string, (cookie: IvcCookie) => unknown> = {
  waitReadableAsync: ({ rx }) => rx.waitReadableAsync(0),
  waitWritableAsync: ({ tx }) => tx.waitWritableAsync(0),
  waitEstablishedAsync: (cookie) => cookie.waitEstablishedAsync(0),
};
const waits: Record<string, (cookie: IvcCookie, timeout: number, spin: number) => unknown> = {
  waitReadable: ({ rx }, timeout, spin) => rx.waitReadable(timeout, { spin }),
  waitWritable: ({ tx }, timeout, spin) => tx.waitWritable(timeout, { spin }),
  waitEstablished: (cookie, timeout, spin) => cookie.waitEstablished(timeout, { spin }),
};
/** Of a wait: its timeout, how often it spins, and the most operations until it ends, as time goes by at each look. */
const WAITS = [
  [0, 0, 49],
  [100, 0, 91],
  [100, 3, 116],
] as const;

const OWN = ["established", "sync", "ack"] as const;
/** Each own state, counts about to wrap, and an own state that the peer has written over where both lie packed. */
const STARTS: Setup[] = [...OWN.map((own) => ({ own })), { packed: "ack" }, { counts: [2 ** 32 - 1, 2 ** 32 - 2] }];

describe.each(Object.keys(small))("%s", (name) => {
  test("keeps the contract, whatever the peer answers", () => {
    const verb = small[name]!;
    const found = STARTS.map((setup) => besiege(verb, setup).most);
    expect(Math.max(...found)).toBe(verb.bound);
  });
});

/** Far into a call: the line has rung, frames wait, the handshake may have a step to do. */
const scenes = (setup: Setup): Setup[] =>
  OWN.flatMap((own) => OWN.map((peer) => ({ own, peer, rung: true, waiting: 2, ...setup })));
const scribbled: Setup = { packed: "ack", peer: "sync", rung: true, waiting: 2 };
/** As long as a step may be. */
const stubborn = OWN.map((own): Setup => ({ own, peer: "sync", rung: true, waiting: 2, contrary: true }));

describe.each(Object.keys(large))("%s", (name) => {
  test("keeps the contract, whatever the peer answers to any two fetches in a row", () => {
    const verb = large[name]!;
    const worlds = [...scenes({}), ...scenes({ loopback: true, slice: true }), ...stubborn, scribbled];
    const found = worlds.map((setup) => besiegeInWindows(verb, setup, 2));
    expect(Math.max(...found)).toBe(verb.bound);
  });
});

describe.each(Object.keys(waits))("%s", (name) => {
  test.each(WAITS)("for %i ms, spinning %i times, keeps the contract, and ends", (timeout, spin, bound) => {
    const call = ({ cookie }: World): unknown => waits[name]!(cookie, timeout, spin);
    for (const setup of [...scenes({}), ...stubborn]) {
      besiegeInWindows({ call, answers: outcomes, resets: true, bound }, setup, setup.contrary || spin ? 1 : 2);
    }
  });
});

describe.each(Object.keys(asyncWaits))("%s", (name) => {
  test("for 0 ms keeps the contract", () => {
    const call = ({ cookie }: World): unknown => asyncWaits[name]!(cookie);
    for (const setup of [...scenes({}), ...stubborn]) {
      besiegeInWindows({ call, answers: promise, resets: true, bound: WAITS[0][2] }, setup, setup.contrary ? 1 : 2);
    }
  });
});

const ECHOES: Record<string, (cookie: IvcCookie) => void> = {
  performLoopback: (cookie) => cookie.performLoopback(),
  setLoopback: (cookie) => {
    cookie.setLoopback(false);
    cookie.setLoopback(true);
  },
};

describe.each(Object.keys(ECHOES))("%s", (name) => {
  test.each([1, 3])("echoes at most %i frames, with as many operations for each", (nframes) => {
    const call = ({ cookie }: World): void => ECHOES[name]!(cookie);
    const verb = { call, answers: nothing, bound: 2 + 18 * nframes };
    for (const waiting of [1, nframes, nframes + 1]) {
      besiegeInWindows(verb, { nframes, waiting, loopback: true }, 4);
    }
  });

  test("does nothing that it should not while it is off", () => {
    expect(besiege({ call: ({ cookie }) => cookie.performLoopback(), answers: is("EINVAL"), bound: 0 }, {}).most).toBe(
      0,
    );
  });
});

describe.each(Object.keys(small))("%s in loopback", (name) => {
  test("moves nothing by itself, and keeps the contract", () => {
    const { publishes, consumes, ...verb } = small[name]!;
    expect(besiege(verb, { loopback: true, waiting: 1 }).most).toBeLessThanOrEqual(verb.bound);
  });
});

describe.each(Object.keys(VERBS))("%s after unreserve", (name) => {
  test("throws EPERM, and touches nothing", () => {
    const call = ({ cookie }: World): unknown => VERBS[name]!.call(cookie);
    expect(besiege({ call, answers: is("EPERM"), bound: 0 }, { unreserved: true }).most).toBe(0);
  });
});
