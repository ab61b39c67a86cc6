/** SPEC §7: the checks of every call on a cookie, in their order. */
import { describe, expect, test } from "vitest";
import { Hypervisor } from "../../../src/index.ts";
import * as tegra from "../../../src/tegra/index.ts";
import { memoryOf } from "../../helpers/hypervisor.ts";
import { bootAndReserve, fillUp, NFRAMES, put, QUEUE, reserve, settleIrqs } from "./world.ts";

const { E2BIG, ECONNRESET, EINVAL, ENOMEM, EPERM } = tegra;

type Cookie = tegra.TegraIvcCookie;
type Call = (ck: Cookie | null) => unknown;

const BUF = new Uint8Array(256);
/** No `Uint8Array`: the most like one. */
const NO_BUF = new Uint8ClampedArray(64) as never;
const BIG = 65;

/** The calls that answer with an errno, with right arguments. */
const calls: Record<string, Call> = {
  write: (ck) => tegra.tegra_hv_ivc_write(ck, BUF, 64),
  read: (ck) => tegra.tegra_hv_ivc_read(ck, BUF, 64),
  read_peek: (ck) => tegra.tegra_hv_ivc_read_peek(ck, BUF, 0, 64),
  write_poke: (ck) => tegra.tegra_hv_ivc_write_poke(ck, BUF, 0, 64),
  read_get_next_frame: (ck) => tegra.tegra_hv_ivc_read_get_next_frame(ck),
  write_get_next_frame: (ck) => tegra.tegra_hv_ivc_write_get_next_frame(ck),
  read_advance: (ck) => tegra.tegra_hv_ivc_read_advance(ck),
  write_advance: (ck) => tegra.tegra_hv_ivc_write_advance(ck),
  set_loopback: (ck) => tegra.tegra_hv_ivc_set_loopback(ck, 1),
  perform_loopback: (ck) => tegra.tegra_hv_ivc_perform_loopback(ck),
  dump: (ck) => tegra.tegra_hv_ivc_dump(ck),
  channel_notified: (ck) => tegra.tegra_hv_ivc_channel_notified(ck),
};

/** The same with arguments that a later check refuses too. */
const badCalls: Record<string, Call> = {
  write: (ck) => tegra.tegra_hv_ivc_write(ck, NO_BUF, -1),
  read: (ck) => tegra.tegra_hv_ivc_read(ck, NO_BUF, -1),
  read_peek: (ck) => tegra.tegra_hv_ivc_read_peek(ck, BUF, 0, BIG),
  write_poke: (ck) => tegra.tegra_hv_ivc_write_poke(ck, BUF, 0, BIG),
  set_loopback: (ck) => tegra.tegra_hv_ivc_set_loopback(ck, 2),
};

const answerZero: Record<string, Call> = {
  can_read: (ck) => tegra.tegra_hv_ivc_can_read(ck),
  can_write: (ck) => tegra.tegra_hv_ivc_can_write(ck),
  tx_empty: (ck) => tegra.tegra_hv_ivc_tx_empty(ck),
  tx_frames_available: (ck) => tegra.tegra_hv_ivc_tx_frames_available(ck),
};

const answerNothing: Record<string, Call> = {
  channel_reset: (ck) => tegra.tegra_hv_ivc_channel_reset(ck),
  notify: (ck) => tegra.tegra_hv_ivc_notify(ck),
};

describe.each([
  ["null", null],
  ["undefined", undefined as never],
  ["an object that is no cookie", {} as never],
])("the cookie is %s", (_name, ck) => {
  test.each(Object.entries(calls))("%s is −EINVAL", (_call, call) => {
    expect(call(ck)).toBe(-EINVAL);
  });
  test.each(Object.entries(answerZero))("%s is 0, never a truthy negative", (_call, call) => {
    expect(call(ck)).toBe(0);
  });
  test.each(Object.entries(answerNothing))("%s does nothing", (_call, call) => {
    expect(call(ck)).toBe(undefined);
  });
});

describe("the cookie is not reserved", () => {
  /** A link that would answer true to can_read, can_write, tx_empty, and a free count. */
  const unreserved = (): ReturnType<typeof bootAndReserve> => {
    const world = bootAndReserve();
    put(world.peer);
    settleIrqs(world.a, world.b);
    tegra.tegra_hv_ivc_unreserve(world.ck);
    return world;
  };
  test.each(Object.entries(calls))("%s is −EPERM", (_call, call) => {
    expect(call(unreserved().ck)).toBe(-EPERM);
  });
  test.each(Object.entries(badCalls))("%s is −EPERM before its arguments are looked at", (_call, call) => {
    expect(call(unreserved().ck)).toBe(-EPERM);
  });
  test.each(Object.entries(calls))("%s is −EPERM also while another owner has the queue", (_call, call) => {
    const { a, ck } = unreserved();
    reserve(a, QUEUE);
    expect(call(ck)).toBe(-EPERM);
  });
  test.each(Object.entries(answerZero))("%s is 0, never a truthy negative", (_call, call) => {
    expect(call(unreserved().ck)).toBe(0);
  });
  test.each(Object.entries(answerNothing))("%s does nothing, and rings nobody", (_call, call) => {
    const { ck, b, peer } = unreserved();
    expect(call(ck)).toBe(undefined);
    expect(tegra.poll_irqs(b)).toBe(0);
    expect(tegra.tegra_hv_ivc_channel_notified(peer)).toBe(0);
  });
});

/** What stands in the way of a call whose cookie is reserved. */
const situations: Record<string, (world: ReturnType<typeof bootAndReserve>) => void> = {
  ready: ({ peer }) => void put(peer),
  empty: () => undefined,
  full: ({ ck }) => fillUp(ck),
  down: ({ ck, peer }) => {
    put(peer);
    tegra.tegra_hv_ivc_channel_reset(ck);
  },
  "down and full": ({ ck }) => {
    fillUp(ck);
    tegra.tegra_hv_ivc_channel_reset(ck);
  },
};

type Row = [rule: string, situation: keyof typeof situations, call: Call, errno: number];

/** Both write and read, both poke and peek, and so on: the same rule, once for each. */
function each<Function>(functions: Record<string, Function>, rows: (name: string, call: Function) => Row[]): Row[] {
  return Object.entries(functions).flatMap(([name, call]) => rows(name, call));
}

const { tegra_hv_ivc_write: write, tegra_hv_ivc_read: read } = tegra;
const copying = each({ write, read }, (name, call) => [
  ...[
    null,
    undefined,
    [1, 2],
    new ArrayBuffer(64),
    new DataView(new ArrayBuffer(64)),
    new Int8Array(64),
    "text",
    NO_BUF,
  ].map(
    (buf): Row => [
      `${name}: no Uint8Array (${Object.prototype.toString.call(buf)})`,
      "down",
      (ck) => call(ck, buf as never, 1),
      EINVAL,
    ],
  ),
  ...[-1, 1.5, Number.NaN, Infinity, "3", null, undefined, 1n].map(
    (size): Row => [`${name}: size ${size} is no integer ≥ 0`, "down", (ck) => call(ck, BUF, size as never), EINVAL],
  ),
  [`${name}: size above buf.byteLength`, "down", (ck) => call(ck, new Uint8Array(8), 9), EINVAL],
  [`${name}: link not ESTABLISHED`, "down", (ck) => call(ck, BUF, 64), ECONNRESET],
]);

const { tegra_hv_ivc_read_peek: peek, tegra_hv_ivc_write_poke: poke } = tegra;
const ranges = each({ read_peek: peek, write_poke: poke }, (name, call) => [
  [`${name}: no Uint8Array, before the range`, "down", (ck) => call(ck, NO_BUF, 64, 1), EINVAL],
  [`${name}: no buffer`, "down", (ck) => call(ck, null as never, 0, 1), EINVAL],
  ...[-1, 0.5, Number.NaN, Infinity, "1", null, undefined, 1n].flatMap((bad): Row[] => [
    [`${name}: off ${bad} is no integer ≥ 0`, "down", (ck) => call(ck, BUF, bad as never, BIG), EINVAL],
    [`${name}: count ${bad} is no integer ≥ 0`, "down", (ck) => call(ck, BUF, 100, bad as never), EINVAL],
  ]),
  [`${name}: count above buf.byteLength, before −E2BIG`, "down", (ck) => call(ck, new Uint8Array(8), 64, 9), EINVAL],
  [`${name}: count beyond the frame, before −ECONNRESET`, "down", (ck) => call(ck, BUF, 0, BIG), E2BIG],
  [`${name}: off + count beyond the frame, before −ECONNRESET`, "down", (ck) => call(ck, BUF, 60, 5), E2BIG],
  [`${name}: off beyond the frame with count 0`, "down", (ck) => call(ck, BUF, 65, 0), E2BIG],
  [`${name}: a huge off`, "down", (ck) => call(ck, BUF, Number.MAX_SAFE_INTEGER, 1), E2BIG],
  [`${name}: link not ESTABLISHED`, "down", (ck) => call(ck, BUF, 0, 64), ECONNRESET],
  [`${name}: link not ESTABLISHED, count 0`, "down", (ck) => call(ck, BUF, 0, 0), ECONNRESET],
]);

const { tegra_hv_ivc_read_get_next_frame: readFrame, tegra_hv_ivc_write_get_next_frame: writeFrame } = tegra;
const { tegra_hv_ivc_read_advance: readAdvance, tegra_hv_ivc_write_advance: writeAdvance } = tegra;
const frames = each({ read_get_next_frame: readFrame, write_get_next_frame: writeFrame }, (name, call) => [
  ...[-1, NFRAMES, 0.5, Number.NaN, "1", null, 1n].map(
    (ahead): Row => [`${name}: ahead ${ahead} is no slot`, "down", (ck) => call(ck, ahead as never), EINVAL],
  ),
  [`${name}: link not ESTABLISHED`, "down", (ck) => call(ck), ECONNRESET],
]);
const advances = each({ read_advance: readAdvance, write_advance: writeAdvance }, (name, call) => [
  ...[0, -1, NFRAMES + 1, 1.5, Number.NaN, "1", null, 1n].map(
    (count): Row => [
      `${name}: count ${typeof count} ${count} is no number of frames`,
      "down",
      (ck) => call(ck, count as never),
      EINVAL,
    ],
  ),
  [`${name}: link not ESTABLISHED`, "down", (ck) => call(ck), ECONNRESET],
]);

const rows: Row[] = [
  ...copying,
  ["write: size above frame_size, before −ECONNRESET", "down and full", (ck) => write(ck, BUF, BIG), E2BIG],
  ["write: size above frame_size, but buf.byteLength first", "down", (ck) => write(ck, new Uint8Array(65), 66), EINVAL],
  ["write: −ECONNRESET before −ENOMEM", "down and full", calls["write"]!, ECONNRESET],
  ["write: full", "full", calls["write"]!, ENOMEM],
  ["write: full, size 0", "full", (ck) => write(ck, BUF, 0), ENOMEM],
  ["read: empty", "empty", calls["read"]!, ENOMEM],
  ["read: empty, size above frame_size is no error of its own", "empty", (ck) => read(ck, BUF, 256), ENOMEM],
  ...ranges,
  ["read_peek: empty", "empty", calls["read_peek"]!, ENOMEM],
  ["read_peek: count 0 still needs a frame", "empty", (ck) => peek(ck, BUF, 0, 0), ENOMEM],
  ["write_poke: −ECONNRESET before −ENOMEM", "down and full", calls["write_poke"]!, ECONNRESET],
  ["write_poke: full", "full", calls["write_poke"]!, ENOMEM],
  ["write_poke: count 0 still needs a frame", "full", (ck) => poke(ck, BUF, 0, 0), ENOMEM],
  ...frames,
  ["read_get_next_frame: empty", "empty", calls["read_get_next_frame"]!, ENOMEM],
  ["read_get_next_frame: fewer are waiting", "ready", (ck) => readFrame(ck, 1), ENOMEM],
  ["write_get_next_frame: −ECONNRESET before −ENOMEM", "down and full", calls["write_get_next_frame"]!, ECONNRESET],
  ["write_get_next_frame: full", "full", calls["write_get_next_frame"]!, ENOMEM],
  ...advances,
  ["read_advance: empty", "empty", calls["read_advance"]!, ENOMEM],
  ["read_advance: fewer are waiting", "ready", (ck) => readAdvance(ck, 2), ENOMEM],
  ["write_advance: −ECONNRESET before −ENOMEM", "down and full", calls["write_advance"]!, ECONNRESET],
  ["write_advance: full", "full", calls["write_advance"]!, ENOMEM],
  ...[2, -1, 0.5, Number.NaN, true, "1", null, undefined].map(
    (mode): Row => [
      `set_loopback: mode ${typeof mode} ${mode} is neither 0 nor 1`,
      "ready",
      (ck) => tegra.tegra_hv_ivc_set_loopback(ck, mode as never),
      EINVAL,
    ],
  ),
  ["perform_loopback: mode off", "ready", calls["perform_loopback"]!, EINVAL],
];

describe("a reserved cookie: the first check that fails answers; the call changes no byte and rings nobody", () => {
  test.each(rows)("%s (link %s)", (_rule, situation, call, errno) => {
    const world = bootAndReserve();
    situations[situation]!(world);
    tegra.poll_irqs(world.b);
    const handle = world.hypervisor.guest(3);
    const before = memoryOf(handle.pairs);
    expect(call(world.ck)).toBe(-errno);
    expect(memoryOf(handle.pairs)).toBe(before);
  });
});

test("write: −E2BIG is by the frame_size of the queue, not of another", () => {
  const hypervisor = new Hypervisor({ queues: [{ id: 1, peers: [0, 1], nframes: 1, frameSize: 128 }] });
  const dn = tegra.tegra_hv_probe(hypervisor.guest(0)) as tegra.DeviceNode;
  const ck = reserve(dn, 1);
  expect(write(ck, BUF, 129)).toBe(-E2BIG);
  expect(write(ck, BUF, 128)).toBe(128);
  tegra.tegra_hv_remove(dn);
});
