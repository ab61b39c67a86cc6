/** SPEC §6 by the kernel's names: what is answered. What is echoed is tested in ../hypervisor/loopback.test.ts. */
import { describe, expect, test } from "vitest";
import * as tegra from "../../../src/tegra/index.ts";
import { bootAndReserve, FRAME_SIZE, fillUp, NFRAMES, pointer, put, settleIrqs, take } from "./world.ts";

const { E2BIG, ECONNRESET, EINVAL, ENOMEM } = tegra;
const BUF = new Uint8Array(256);

/** A queue in loopback whose tx queue is full, and that has a frame waiting. */
function loop(): ReturnType<typeof bootAndReserve> {
  const world = bootAndReserve();
  fillUp(world.ck);
  put(world.peer);
  settleIrqs(world.a, world.b);
  tegra.tegra_hv_ivc_set_loopback(world.ck, 1);
  return world;
}

type Cookie = tegra.TegraIvcCookie;

describe("while on, local writes are accepted and ignored, and local reads find nothing", () => {
  test.each<[string, (ck: Cookie) => unknown, unknown]>([
    ["write reports success", (ck) => tegra.tegra_hv_ivc_write(ck, BUF, 5), 5],
    ["write_advance too", (ck) => tegra.tegra_hv_ivc_write_advance(ck), 0],
    ["write_advance of n frames too", (ck) => tegra.tegra_hv_ivc_write_advance(ck, NFRAMES), 0],
    ["write_poke is accepted", (ck) => tegra.tegra_hv_ivc_write_poke(ck, BUF, 3, 5), 0],
    ["can_write is true", (ck) => tegra.tegra_hv_ivc_can_write(ck), 1],
    ["frames_available is nframes", (ck) => tegra.tegra_hv_ivc_tx_frames_available(ck), NFRAMES],
    ["tx_empty tells the truth", (ck) => tegra.tegra_hv_ivc_tx_empty(ck), 0],
    ["can_read is false", (ck) => tegra.tegra_hv_ivc_can_read(ck), 0],
    ["read finds nothing", (ck) => tegra.tegra_hv_ivc_read(ck, BUF, 5), -ENOMEM],
    ["read_peek finds nothing", (ck) => tegra.tegra_hv_ivc_read_peek(ck, BUF, 0, 5), -ENOMEM],
    ["read_get_next_frame finds nothing", (ck) => tegra.tegra_hv_ivc_read_get_next_frame(ck), -ENOMEM],
    ["read_advance finds nothing", (ck) => tegra.tegra_hv_ivc_read_advance(ck), -ENOMEM],
  ])("%s", (_rule, call, answer) => {
    const { ck, peer } = loop();
    expect(call(ck)).toBe(answer);
    expect(
      [1, 2, 3].map(() => take(peer)),
      "the tx queue is as it was",
    ).toEqual([1, 2, 3]);
    expect(take(peer)).toBe(-ENOMEM);
  });

  test("the frame handed out by write_get_next_frame is a private scratch frame", () => {
    const { ck } = loop();
    const frame = pointer(tegra.tegra_hv_ivc_write_get_next_frame(ck));
    expect(frame.byteLength).toBe(FRAME_SIZE);
    expect(frame.buffer).not.toBeInstanceOf(SharedArrayBuffer);
  });
});

describe("arguments are checked and −ECONNRESET is answered as ever", () => {
  test.each<[string, (ck: Cookie) => unknown, number]>([
    ["write: bad buf", (ck) => tegra.tegra_hv_ivc_write(ck, [] as never, 0), EINVAL],
    ["write: bad size", (ck) => tegra.tegra_hv_ivc_write(ck, BUF, -1), EINVAL],
    ["write: too long", (ck) => tegra.tegra_hv_ivc_write(ck, BUF, FRAME_SIZE + 1), E2BIG],
    ["read: bad buf", (ck) => tegra.tegra_hv_ivc_read(ck, [] as never, 0), EINVAL],
    ["read_peek: beyond the frame", (ck) => tegra.tegra_hv_ivc_read_peek(ck, BUF, 60, 5), E2BIG],
    ["write_poke: beyond the frame", (ck) => tegra.tegra_hv_ivc_write_poke(ck, BUF, 60, 5), E2BIG],
    ["write_advance: bad count", (ck) => tegra.tegra_hv_ivc_write_advance(ck, 0), EINVAL],
    ["read_get_next_frame: bad ahead", (ck) => tegra.tegra_hv_ivc_read_get_next_frame(ck, -1), EINVAL],
  ])("%s", (_rule, call, errno) => {
    expect(call(loop().ck)).toBe(-errno);
  });

  test.each<[string, (ck: Cookie) => unknown]>([
    ["write", (ck) => tegra.tegra_hv_ivc_write(ck, BUF, 5)],
    ["read", (ck) => tegra.tegra_hv_ivc_read(ck, BUF, 5)],
    ["read_peek", (ck) => tegra.tegra_hv_ivc_read_peek(ck, BUF, 0, 5)],
    ["write_poke", (ck) => tegra.tegra_hv_ivc_write_poke(ck, BUF, 0, 5)],
    ["read_get_next_frame", (ck) => tegra.tegra_hv_ivc_read_get_next_frame(ck)],
    ["write_get_next_frame", (ck) => tegra.tegra_hv_ivc_write_get_next_frame(ck)],
    ["read_advance", (ck) => tegra.tegra_hv_ivc_read_advance(ck)],
    ["write_advance", (ck) => tegra.tegra_hv_ivc_write_advance(ck)],
  ])("%s is −ECONNRESET while the link is down", (_name, call) => {
    const { ck } = loop();
    tegra.tegra_hv_ivc_channel_reset(ck);
    expect(call(ck)).toBe(-ECONNRESET);
  });
});

describe("set_loopback and perform_loopback", () => {
  test.each([0, 1])("set_loopback(%i) is 0, also when the mode is that already", (mode) => {
    const { ck } = bootAndReserve();
    expect(tegra.tegra_hv_ivc_set_loopback(ck, mode)).toBe(0);
    expect(tegra.tegra_hv_ivc_set_loopback(ck, mode)).toBe(0);
  });

  test("perform_loopback echoes by hand whatever can be echoed now, and is 0", () => {
    const { ck, peer } = bootAndReserve();
    tegra.tegra_hv_ivc_set_loopback(ck, 1);
    put(peer, 6);
    put(peer, 7);
    expect(tegra.tegra_hv_ivc_perform_loopback(ck)).toBe(0);
    expect([take(peer), take(peer), take(peer)]).toEqual([6, 7, -ENOMEM]);
  });

  test("perform_loopback is −EINVAL again once the mode is off", () => {
    const { ck } = bootAndReserve();
    tegra.tegra_hv_ivc_set_loopback(ck, 1);
    tegra.tegra_hv_ivc_set_loopback(ck, 0);
    expect(tegra.tegra_hv_ivc_perform_loopback(ck)).toBe(-EINVAL);
  });
});
