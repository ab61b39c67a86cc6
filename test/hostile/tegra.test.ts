/**
 * SPEC §9 on the kernel's names: each function answers what SPEC §7 lists for it, whatever the peer does. It is thin: what
 * lies below is besieged in guest.test.ts, so here the peer is free in the first three fetches only.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { Guest } from "../../src/hypervisor/guest.ts";
import type * as Memory from "../../src/memory.ts";
import * as tegra from "../../src/tegra/index.ts";
import { besiege, besiegeOpening } from "./guest-siege.ts";
import { standStill, World } from "./guest-world.ts";
import { KINDS, most } from "./handlers.ts";
import { is, type Verb } from "./verbs.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { besieged } = await import("./besieged.ts");
  return besieged(await original<typeof Memory>());
});

beforeAll(standStill);
beforeAll(() => {
  const info = vi.spyOn(console, "info").mockImplementation(() => undefined);
  return () => info.mockRestore();
});

const isFunction = (value: unknown): boolean => typeof value === "function" && !/^class/.test(String(value));
const { EAGAIN, ECONNRESET, EINVAL, ENOMEM, EPERM } = tegra;
const buf = new Uint8Array(128);
const notNow = [-ENOMEM, -ECONNRESET];
const flag = is(0, 1);
const moved = is(0, ...notNow);
const frame: Verb<World>["answers"] = (answer) => answer instanceof Uint8Array || notNow.includes(answer as number);
const ifZero = (answer: unknown): number => (answer === 0 ? 1 : 0);
const ifPositive = (answer: unknown): number => ((answer as number) > 0 ? 1 : 0);

type Call = readonly [
  call: (ck: tegra.TegraIvcCookie, world: World) => unknown,
  answers: Verb<World>["answers"],
  rest?: Partial<Verb<World>>,
];

const CALLS: Record<string, Call> = {
  write: [(ck) => tegra.tegra_hv_ivc_write(ck, buf, 100), is(100, ...notNow), { publishes: ifPositive }],
  read: [(ck) => tegra.tegra_hv_ivc_read(ck, buf, 100), is(100, ...notNow), { consumes: ifPositive }],
  can_read: [(ck) => tegra.tegra_hv_ivc_can_read(ck), flag],
  can_write: [(ck) => tegra.tegra_hv_ivc_can_write(ck), flag],
  tx_empty: [(ck) => tegra.tegra_hv_ivc_tx_empty(ck), flag],
  tx_frames_available: [(ck) => tegra.tegra_hv_ivc_tx_frames_available(ck), is(0, 1, 2, 3)],
  set_loopback: [(ck) => tegra.tegra_hv_ivc_set_loopback(ck, 0), is(0)],
  perform_loopback: [(ck) => tegra.tegra_hv_ivc_perform_loopback(ck), is(-EINVAL)],
  dump: [(ck) => tegra.tegra_hv_ivc_dump(ck), is(0)],
  read_peek: [(ck) => tegra.tegra_hv_ivc_read_peek(ck, buf, 8, 100), moved],
  write_poke: [(ck) => tegra.tegra_hv_ivc_write_poke(ck, buf, 8, 100), moved],
  read_get_next_frame: [(ck) => tegra.tegra_hv_ivc_read_get_next_frame(ck, 1), frame, { hands: () => 1 }],
  write_get_next_frame: [(ck) => tegra.tegra_hv_ivc_write_get_next_frame(ck, 1), frame, { hands: () => 1 }],
  read_advance: [(ck) => tegra.tegra_hv_ivc_read_advance(ck), moved, { consumes: ifZero }],
  write_advance: [(ck) => tegra.tegra_hv_ivc_write_advance(ck), moved, { publishes: ifZero }],
  channel_reset: [(ck) => tegra.tegra_hv_ivc_channel_reset(ck), is(undefined), { resets: true }],
  channel_notified: [(ck) => tegra.tegra_hv_ivc_channel_notified(ck), is(0, -EAGAIN), { resets: true }],
  notify: [(ck) => tegra.tegra_hv_ivc_notify(ck), is(undefined)],
  get_vmid: [() => tegra.tegra_hv_get_vmid(), is(0)],
  disable_irq: [(_, { guest }) => tegra.disable_irq(guest, 1), is(0)],
  enable_irq: [(_, { guest }) => tegra.enable_irq(guest, 1), is(0)],
  poll_irqs: [(_, { guest }) => tegra.poll_irqs(guest), is(0, 1, 2), { resets: true }],
  wait_for_irqs: [(_, { guest }) => tegra.wait_for_irqs(guest, 100), is(0, 1, 2), { resets: true }],
  request_irq: [(_, { guest }) => tegra.request_irq(guest, 1, () => undefined), is(0)],
  free_irq: [(_, { guest }) => tegra.free_irq(guest, 2), is(0)],
  start_irqs: [(_, { guest }) => tegra.start_irqs(guest), is(0)],
  stop_irqs: [(_, { guest }) => tegra.stop_irqs(guest), is(0)],
  mempool_reserve: [() => tegra.tegra_hv_mempool_reserve(0) instanceof tegra.TegraMempool, is(true)],
  mempool_unreserve: [
    () => tegra.tegra_hv_mempool_unreserve(tegra.tegra_hv_mempool_reserve(0) as tegra.TegraMempool),
    is(0),
  ],
  unreserve: [(ck) => tegra.tegra_hv_ivc_unreserve(ck), is(0)],
};

/** Calls that open or close, whatever is found where the peer writes; with the most operations. */
const OPENINGS: Record<string, readonly [call: (world: World) => unknown, bound: number]> = {
  probe: [
    ({ guest, spare }) => {
      guest.detach();
      return tegra.tegra_hv_probe(spare) instanceof Guest;
    },
    22,
  ],
  remove: [({ guest }) => tegra.tegra_hv_remove(guest) === 0, 9],
  reserve: [
    ({ guest, cookie }) => {
      cookie.unreserve();
      const ops = { rx_rdy: drain, tx_rdy: fill };
      return tegra.tegra_hv_ivc_reserve(guest, 0, ops) instanceof tegra.TegraIvcCookie;
    },
    // As in attach.test.ts, and what the ops cost.
    12 + KINDS["rxReady that drains"]!.cost(3) + KINDS["txReady that fills"]!.cost(3),
  ],
};

function drain(ck: tegra.TegraIvcCookie): void {
  for (let i = 0; i < most(ck.nframes) && tegra.tegra_hv_ivc_read(ck, buf, 128) > 0; i++);
}

function fill(ck: tegra.TegraIvcCookie): void {
  for (let i = 0; i < most(ck.nframes) && tegra.tegra_hv_ivc_write(ck, buf, 128) > 0; i++);
}

test("all functions of the face are here", () => {
  const functions = Object.entries(tegra).flatMap(([name, value]) => (isFunction(value) ? [name] : []));
  const here = [...Object.keys(CALLS), ...Object.keys(OPENINGS), "IS_ERR", "PTR_ERR", "errnoOf", "resolveGuest"];
  expect(functions.map((name) => name.replace(/^tegra_hv_(ivc_)?/, "")).sort()).toEqual(here.sort());
});

describe.each(Object.keys(OPENINGS))("%s", (name) => {
  test("answers what it may", () => {
    const [call, bound] = OPENINGS[name] as (typeof OPENINGS)[string];
    const world = new World({ rung: true, waiting: 2 });
    const check = (answer: unknown): void => {
      if (answer !== true) throw new Error("expected no error");
    };
    expect(besiegeOpening(world, () => call(world), check, true)).toBe(bound);
  });
});

describe.each(Object.keys(CALLS))("%s", (name) => {
  const [call, answers, rest] = CALLS[name] as Call;
  const verb: Verb<World> = {
    call: (world) => call(new tegra.TegraIvcCookie(world.cookie), world),
    answers,
    bound: 48,
    ...rest,
  };

  test.each(["established", "sync", "ack"] as const)("%s: answers what it may", (own) => {
    for (const scene of [{}, { rung: true, waiting: 3, peer: "sync" } as const])
      besiege(verb, { own, ...scene }, [0, 3]);
  });
});

const ON_COOKIES = Object.keys(CALLS).slice(0, 18);

test.each(ON_COOKIES)("%s touches nothing once unreserved", (name) => {
  const [call] = CALLS[name] as Call;
  const verb: Verb<World> = {
    call: (world) => call(new tegra.TegraIvcCookie(world.cookie), world),
    answers: is(-EPERM, 0, undefined),
    bound: 0,
  };
  expect(besiege(verb, { unreserved: true }).most).toBe(0);
});
