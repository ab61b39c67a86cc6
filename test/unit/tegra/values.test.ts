/** SPEC §4, §7: what the calls on a cookie do and answer when nothing is wrong. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Hypervisor } from "../../../src/index.ts";
import * as tegra from "../../../src/tegra/index.ts";
import {
  bootAndReserve,
  FRAME_SIZE,
  fillUp,
  NFRAMES,
  pointer,
  probe,
  put,
  reserve,
  settleIrqs,
  take,
} from "./world.ts";

const { EAGAIN } = tegra;

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

describe("tegra_hv_ivc_write", () => {
  test.each([0, 1, 5, FRAME_SIZE])("returns size: %i", (size) => {
    expect(tegra.tegra_hv_ivc_write(bootAndReserve().ck, new Uint8Array(FRAME_SIZE), size)).toBe(size);
  });

  test("copies size bytes and zero-fills the rest of the frame", () => {
    const { ck, peer } = bootAndReserve();
    for (let lap = 0; lap < NFRAMES; lap++) {
      put(ck, 0xff);
      take(peer);
    }
    tegra.tegra_hv_ivc_write(ck, bytes(1, 2, 3, 4), 2);
    const into = new Uint8Array(FRAME_SIZE).fill(9);
    tegra.tegra_hv_ivc_read(peer, into, FRAME_SIZE);
    expect([...into]).toEqual([1, 2, ...new Array(FRAME_SIZE - 2).fill(0)]);
  });

  test("of size 0 publishes an all-zero frame", () => {
    const { ck, peer } = bootAndReserve();
    expect(tegra.tegra_hv_ivc_write(ck, bytes(7), 0)).toBe(0);
    const into = new Uint8Array(FRAME_SIZE).fill(9);
    expect(tegra.tegra_hv_ivc_read(peer, into, FRAME_SIZE)).toBe(FRAME_SIZE);
    expect(into.every((byte) => byte === 0)).toBe(true);
  });

  test("takes a Uint8Array of any offset and alignment", () => {
    const { ck, peer } = bootAndReserve();
    tegra.tegra_hv_ivc_write(ck, bytes(0, 0, 0, 11, 12, 13).subarray(3), 3);
    const into = new Uint8Array(16);
    tegra.tegra_hv_ivc_read(peer, into.subarray(5), 3);
    expect([...into.subarray(4, 9)]).toEqual([0, 11, 12, 13, 0]);
  });

  test("may be given a buf larger than a frame", () => {
    expect(tegra.tegra_hv_ivc_write(bootAndReserve().ck, new Uint8Array(1000), FRAME_SIZE)).toBe(FRAME_SIZE);
  });
});

describe("tegra_hv_ivc_read returns min(size, frame_size), and copies no more", () => {
  test.each([
    [0, 0],
    [1, 1],
    [FRAME_SIZE - 1, FRAME_SIZE - 1],
    [FRAME_SIZE, FRAME_SIZE],
    [FRAME_SIZE + 1, FRAME_SIZE],
    [4 * FRAME_SIZE, FRAME_SIZE],
  ])("size %i: %i", (size, answer) => {
    const { ck, peer } = bootAndReserve();
    put(peer, 5);
    put(peer, 6);
    const into = new Uint8Array(4 * FRAME_SIZE).fill(9);
    expect(tegra.tegra_hv_ivc_read(ck, into, size)).toBe(answer);
    expect([...into]).toEqual([...new Array(answer).fill(5), ...new Array(4 * FRAME_SIZE - answer).fill(9)]);
    expect(take(ck), "the rest of the frame is discarded").toBe(6);
  });
});

describe("the queries answer 1 and 0", () => {
  test("can_read: is a frame waiting", () => {
    const { ck, peer } = bootAndReserve();
    expect(tegra.tegra_hv_ivc_can_read(ck)).toBe(0);
    put(peer);
    expect(tegra.tegra_hv_ivc_can_read(ck)).toBe(1);
  });

  test("can_write: is there room", () => {
    const { ck } = bootAndReserve();
    expect(tegra.tegra_hv_ivc_can_write(ck)).toBe(1);
    fillUp(ck);
    expect(tegra.tegra_hv_ivc_can_write(ck)).toBe(0);
  });

  test("can_read and can_write are 0 while not ESTABLISHED", () => {
    const { ck, peer } = bootAndReserve();
    put(peer);
    tegra.tegra_hv_ivc_channel_reset(ck);
    expect(tegra.tegra_hv_ivc_can_read(ck)).toBe(0);
    expect(tegra.tegra_hv_ivc_can_write(ck)).toBe(0);
  });

  test("tx_empty: has the peer consumed everything", () => {
    const { ck, peer } = bootAndReserve();
    expect(tegra.tegra_hv_ivc_tx_empty(ck)).toBe(1);
    put(ck);
    expect(tegra.tegra_hv_ivc_tx_empty(ck)).toBe(0);
    take(peer);
    expect(tegra.tegra_hv_ivc_tx_empty(ck)).toBe(1);
  });

  test.each([0, 1])("tx_empty ignores the connection state: %i frames written", (written) => {
    const { ck } = bootAndReserve();
    if (written) put(ck);
    tegra.tegra_hv_ivc_channel_reset(ck);
    expect(tegra.tegra_hv_ivc_tx_empty(ck)).toBe(1 - written);
  });

  test("tx_frames_available counts the free tx frames", () => {
    const { ck, peer } = bootAndReserve();
    const seen = [tegra.tegra_hv_ivc_tx_frames_available(ck)];
    for (let i = 0; i < NFRAMES; i++) {
      put(ck);
      seen.push(tegra.tegra_hv_ivc_tx_frames_available(ck));
    }
    take(peer);
    seen.push(tegra.tegra_hv_ivc_tx_frames_available(ck));
    expect(seen).toEqual([3, 2, 1, 0, 1]);
  });
});

describe("peek and poke", () => {
  test("read_peek copies count bytes at off, consumes nothing, and is 0", () => {
    const { ck, peer } = bootAndReserve();
    tegra.tegra_hv_ivc_write(peer, bytes(1, 2, 3, 4, 5), 5);
    const into = new Uint8Array(4).fill(9);
    expect(tegra.tegra_hv_ivc_read_peek(ck, into, 2, 3)).toBe(0);
    expect([...into]).toEqual([3, 4, 5, 9]);
    expect(take(ck)).toBe(1);
  });

  test("write_poke copies count bytes to off, publishes nothing, zero-fills nothing, and is 0", () => {
    const { ck, peer } = bootAndReserve();
    pointer(tegra.tegra_hv_ivc_write_get_next_frame(ck)).fill(7);
    expect(tegra.tegra_hv_ivc_write_poke(ck, bytes(1, 2, 3, 4), 60, 3)).toBe(0);
    expect(tegra.tegra_hv_ivc_can_read(peer)).toBe(0);
    tegra.tegra_hv_ivc_write_advance(ck);
    const frame = pointer(tegra.tegra_hv_ivc_read_get_next_frame(peer));
    expect([...frame.subarray(58)]).toEqual([7, 7, 1, 2, 3, 7]);
  });

  test.each([0, FRAME_SIZE])("count 0 with a frame is 0, at off %i", (off) => {
    const { ck, peer } = bootAndReserve();
    put(peer);
    expect(tegra.tegra_hv_ivc_read_peek(ck, bytes(), off, 0)).toBe(0);
    expect(tegra.tegra_hv_ivc_write_poke(ck, bytes(), off, 0)).toBe(0);
  });
});

describe("frames in place", () => {
  test("read_get_next_frame is the oldest frame, on shared memory, the same until advanced", () => {
    const { ck, peer } = bootAndReserve();
    put(peer, 1);
    put(peer, 2);
    const frame = pointer(tegra.tegra_hv_ivc_read_get_next_frame(ck));
    expect(frame).toBeInstanceOf(Uint8Array);
    expect(frame.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([frame.byteLength, frame[0]]).toEqual([FRAME_SIZE, 1]);
    expect(pointer(tegra.tegra_hv_ivc_read_get_next_frame(ck)).byteOffset).toBe(frame.byteOffset);
    expect(tegra.tegra_hv_ivc_read_advance(ck)).toBe(0);
    expect(pointer(tegra.tegra_hv_ivc_read_get_next_frame(ck))[0]).toBe(2);
  });

  test("write_get_next_frame is the next frame to fill; it holds bytes of an earlier lap", () => {
    const { ck, peer } = bootAndReserve();
    for (const value of [1, 2, 3]) put(ck, value);
    for (const _ of [1, 2, 3]) take(peer);
    const frame = pointer(tegra.tegra_hv_ivc_write_get_next_frame(ck));
    expect(frame.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([frame.byteLength, frame[0]]).toEqual([FRAME_SIZE, 1]);
  });

  test("write_advance publishes it as it is, and is 0", () => {
    const { ck, peer } = bootAndReserve();
    pointer(tegra.tegra_hv_ivc_write_get_next_frame(ck)).fill(8);
    expect(tegra.tegra_hv_ivc_can_read(peer)).toBe(0);
    expect(tegra.tegra_hv_ivc_write_advance(ck)).toBe(0);
    expect(take(peer)).toBe(8);
  });

  test("n frames are got and advanced in one go", () => {
    const { ck, peer } = bootAndReserve();
    for (const ahead of [0, 1, 2]) pointer(tegra.tegra_hv_ivc_write_get_next_frame(ck, ahead)).fill(10 + ahead);
    expect(tegra.tegra_hv_ivc_write_advance(ck, 3)).toBe(0);
    const seen = [0, 1, 2].map((ahead) => pointer(tegra.tegra_hv_ivc_read_get_next_frame(peer, ahead))[0]);
    expect(seen).toEqual([10, 11, 12]);
    expect(tegra.tegra_hv_ivc_read_advance(peer, 3)).toBe(0);
    expect(tegra.tegra_hv_ivc_tx_empty(ck)).toBe(1);
  });
});

describe("reset", () => {
  test("channel_reset is void, and channel_notified −EAGAIN until the link is established", () => {
    const { ck, peer } = bootAndReserve();
    expect(tegra.tegra_hv_ivc_channel_reset(ck)).toBe(undefined);
    expect(tegra.tegra_hv_ivc_channel_notified(ck), "SYNC, the peer established").toBe(-EAGAIN);
    expect(tegra.tegra_hv_ivc_channel_notified(peer), "ACK after the step").toBe(-EAGAIN);
    expect(tegra.tegra_hv_ivc_channel_notified(ck), "established after the step").toBe(0);
    expect(tegra.tegra_hv_ivc_channel_notified(peer), "established after the step").toBe(0);
  });

  test("channel_notified is 0 on an established link", () => {
    expect(tegra.tegra_hv_ivc_channel_notified(bootAndReserve().ck)).toBe(0);
  });

  test("the dispatcher runs the reset step for every cookie, without handler or ops", () => {
    const { a, b, ck, peer } = bootAndReserve();
    put(ck, 1);
    tegra.tegra_hv_ivc_channel_reset(ck);
    settleIrqs(a, b);
    expect(tegra.tegra_hv_ivc_can_read(peer), "frames sent but not read are lost").toBe(0);
    put(ck, 2);
    expect(take(peer)).toBe(2);
  });

  test("a lone reset takes exactly four notifications", () => {
    const { a, b, ck } = bootAndReserve();
    tegra.tegra_hv_ivc_channel_reset(ck);
    let notifications = 0;
    for (let turn = 0; turn < 10; turn++) notifications += tegra.poll_irqs(b) + tegra.poll_irqs(a);
    expect(notifications).toBe(4);
    expect(tegra.tegra_hv_ivc_can_write(ck)).toBe(1);
  });
});

describe("tegra_hv_ivc_notify rings the peer, whatever the state", () => {
  test.each(["established", "sync", "ack"])("%s", (state) => {
    const { a, b, ck, peer } = bootAndReserve();
    if (state === "sync") tegra.tegra_hv_ivc_channel_reset(ck);
    if (state === "ack") tegra.tegra_hv_ivc_channel_reset(peer);
    tegra.poll_irqs(state === "ack" ? a : b);
    tegra.poll_irqs(b);
    expect(tegra.poll_irqs(b)).toBe(0);
    expect(tegra.tegra_hv_ivc_notify(ck)).toBe(undefined);
    expect(tegra.poll_irqs(b)).toBe(1);
  });
});

test("tegra_hv_ivc_dump prints id, irq, peer, geometry, both counters and states, positions, with console.info", () => {
  const geometry = { nframes: 19, frameSize: 192 };
  const hypervisor = new Hypervisor({
    queues: [
      { id: 1, peers: [23, 29], nframes: 1, frameSize: 64 },
      { id: 4711, peers: [23, 29], ...geometry },
    ],
  });
  const a = probe(hypervisor, 23);
  const b = probe(hypervisor, 29);
  const ck = reserve(a, 4711);
  const peer = reserve(b, 4711);
  const move = (from: tegra.TegraIvcCookie, to: tegra.TegraIvcCookie, sent: number, consumed: number): void => {
    for (let i = 0; i < sent; i++) {
      put(from);
      if (i < consumed) take(to);
    }
  };
  move(ck, peer, 47, 37);
  move(peer, ck, 41, 31);
  tegra.tegra_hv_ivc_channel_reset(ck);
  const info = vi.spyOn(console, "info").mockImplementation(() => undefined);
  onTestFinished(() => info.mockRestore());
  expect(tegra.tegra_hv_ivc_dump(ck)).toBe(0);
  const text = info.mock.calls.flat().join("\n");
  // Positions: 47 mod 19 = 9 to fill, 31 mod 19 = 12 to read.
  for (const number of [4711, ck.irq, 29, 19, 192, 47, 37, 41, 31, 9, 12]) {
    expect(text).toMatch(new RegExp(`\\b${number}\\b`));
  }
  expect(text).toMatch(/sync/i);
  expect(text).toMatch(/established/i);
});
