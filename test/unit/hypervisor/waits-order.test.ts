/** SPEC §8: how a wait ends: closed, aborted, ready (readable), peer down, ready (writable), timed out: the first that holds. */
import { describe, expect, test } from "vitest";
import { guestDown, type IvcCookie, type WaitOutcome } from "../../../src/index.ts";
import { fill, openPair, type Pair, receive, send } from "../../helpers/hypervisor.ts";

interface Wait {
  readonly block: (cookie: IvcCookie, timeout: number, options?: { spin: number }) => WaitOutcome;
  readonly async: (
    cookie: IvcCookie,
    timeout: number,
    options?: { spin?: number; signal?: AbortSignal },
  ) => Promise<WaitOutcome>;
}

const waits = {
  readable: {
    block: ({ rx }, timeout, options) => rx.waitReadable(timeout, options),
    async: ({ rx }, timeout, options) => rx.waitReadableAsync(timeout, options),
  },
  writable: {
    block: ({ tx }, timeout, options) => tx.waitWritable(timeout, options),
    async: ({ tx }, timeout, options) => tx.waitWritableAsync(timeout, options),
  },
  established: {
    block: (cookie, timeout, options) => cookie.waitEstablished(timeout, options),
    async: (cookie, timeout, options) => cookie.waitEstablishedAsync(timeout, options),
  },
} satisfies Record<string, Wait>;

type Name = keyof typeof waits;

/** What a pair can be brought to, so that outcomes hold for its `a` end. */
const facts = {
  closed: ({ a }: Pair) => a.cookie.unreserve(),
  readable: ({ b }: Pair) => void send(b.cookie, 1),
  full: ({ a }: Pair) => void fill(a.cookie),
  "peer down": ({ b }: Pair) => void guestDown(b.handle),
  "link down": ({ a }: Pair) => a.cookie.reset(),
} as const;

type Fact = keyof typeof facts;

function bring(...wanted: Fact[]): IvcCookie {
  const pair = openPair();
  for (const fact of wanted) facts[fact](pair);
  return pair.a.cookie;
}

const SHORT = 5;

/** Every way to wait: timeout 0 only looks, spin 0 parks at once, the default spins a little, Infinity never parks. */
const blocking: [string, number, number | undefined][] = [
  ["timeout 0", 0, undefined],
  ["parking at once", SHORT, 0],
  ["spinning briefly", SHORT, undefined],
  ["spinning to the end", SHORT, Infinity],
];

type Row = [rule: string, name: Name, situation: Fact[], outcome: WaitOutcome];

const rows: Row[] = [
  ["closed", "readable", ["closed"], "closed"],
  ["closed", "writable", ["closed"], "closed"],
  ["closed", "established", ["closed"], "closed"],
  ["closed before ready", "readable", ["readable", "closed"], "closed"],
  ["closed before ready", "writable", ["closed"], "closed"],
  ["closed before peer down", "readable", ["peer down", "closed"], "closed"],
  ["closed before peer down", "writable", ["peer down", "closed"], "closed"],
  ["ready", "readable", ["readable"], "ready"],
  ["ready (readable) before peer down", "readable", ["readable", "peer down"], "ready"],
  ["peer down", "readable", ["peer down"], "peer-down"],
  ["peer down, the link being down as well", "readable", ["readable", "link down", "peer down"], "peer-down"],
  ["peer down before ready (writable)", "writable", ["peer down"], "peer-down"],
  ["peer down, the queue being full", "writable", ["full", "peer down"], "peer-down"],
  ["ready (writable)", "writable", [], "ready"],
  ["ready", "established", [], "ready"],
  ["established is not ended by peer down", "established", ["link down", "peer down"], "timed-out"],
  ["established waits for the return of a peer that is down", "established", ["peer down"], "timed-out"],
  ["timed out: nothing is readable", "readable", [], "timed-out"],
  ["timed out: a frame waits, but the link is down", "readable", ["readable", "link down"], "timed-out"],
  ["timed out: the queue is full", "writable", ["full"], "timed-out"],
  ["timed out: there is room, but the link is down", "writable", ["link down"], "timed-out"],
  ["timed out: the peer does not answer", "established", ["link down"], "timed-out"],
];

describe.each(blocking)("a blocking wait, %s", (_way, timeout, spin) => {
  test.each(rows)("%s (%s)", (_rule, name, situation, outcome) => {
    const cookie = bring(...situation);
    const start = performance.now();
    expect(waits[name].block(cookie, timeout, spin === undefined ? undefined : { spin })).toBe(outcome);
    if (outcome === "timed-out") expect(performance.now() - start).toBeGreaterThanOrEqual(timeout - 1);
  });
});

describe.each(blocking.slice(0, 3))("an async wait, %s", (_way, timeout, spin) => {
  test.each(rows)("%s (%s)", async (_rule, name, situation, outcome) => {
    const cookie = bring(...situation);
    const start = performance.now();
    expect(await waits[name].async(cookie, timeout, spin === undefined ? {} : { spin })).toBe(outcome);
    if (outcome === "timed-out") expect(performance.now() - start).toBeGreaterThanOrEqual(timeout - 1);
  });

  const aborted: Row[] = [
    ["closed before aborted", "readable", ["closed"], "closed"],
    ["closed before aborted", "writable", ["closed"], "closed"],
    ["closed before aborted", "established", ["closed"], "closed"],
    ["aborted before ready", "readable", ["readable"], "aborted"],
    ["aborted before ready", "writable", [], "aborted"],
    ["aborted before ready", "established", [], "aborted"],
    ["aborted before peer down", "readable", ["peer down"], "aborted"],
    ["aborted before peer down", "writable", ["peer down"], "aborted"],
    ["aborted before timed out", "readable", [], "aborted"],
    ["aborted before timed out", "writable", ["full"], "aborted"],
    ["aborted before timed out", "established", ["link down"], "aborted"],
  ];
  test.each(aborted)("with an aborted signal: %s (%s)", async (_rule, name, situation, outcome) => {
    const cookie = bring(...situation);
    const options = { signal: AbortSignal.abort(), ...(spin !== undefined && { spin }) };
    expect(await waits[name].async(cookie, timeout, options)).toBe(outcome);
  });
});

test("every frame published before a death is read before peer-down", () => {
  const { a, b } = openPair();
  fill(b.cookie);
  guestDown(b.handle);
  const seen: (number | WaitOutcome | undefined)[] = [];
  for (let i = 0; i < 5; i++) {
    const outcome = a.cookie.rx.waitReadable(SHORT);
    seen.push(outcome === "ready" ? receive(a.cookie) : outcome);
  }
  expect(seen).toEqual([1, 2, 3, 4, "peer-down"]);
});

test("a spurious wake is harmless: a ring without a frame does not end a wait", () => {
  const { a, b } = openPair();
  b.cookie.notify();
  const start = performance.now();
  expect(a.cookie.rx.waitReadable(20)).toBe("timed-out");
  expect(performance.now() - start).toBeGreaterThanOrEqual(19);
});
