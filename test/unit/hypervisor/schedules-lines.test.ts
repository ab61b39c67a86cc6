/**
 * SPEC §6–§8, §10: masks, handlers, waits and the kernel face, where they went wrong once. No slice ends on the event loop,
 * so nothing is found there without a ring.
 */
import { setTimeout as idle } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  attach,
  createChannel,
  type Guest,
  type GuestHandle,
  guestDown,
  Hypervisor,
  type IvcCookie,
  openChannel,
} from "../../../src/index.ts";
import type * as Memory from "../../../src/memory.ts";
import * as tegra from "../../../src/tegra/index.ts";
import { trace } from "../../golden/trace.ts";
import { refusal } from "../../helpers/ring.ts";

vi.mock("../../../src/memory.ts", async (original) => {
  const { recorded } = await import("../../golden/trace.ts");
  return recorded(await original<typeof Memory>());
});

/** Longest sleep, in ms, before a guest looks at everything again (SPEC §8). */
const SLICE = 250;
/** Longest, in ms, that what happens at once may take on a busy machine. */
const AT_ONCE = 3000;
const NFRAMES = 4;
const FRAME = new Uint8Array(64);
/** Never parks. */
const SPIN = { spin: Number.POSITIVE_INFINITY } as const;

const guests: Guest[] = [];

beforeEach(() => {
  const never = setTimeout(vi.fn());
  clearTimeout(never);
  vi.spyOn(globalThis, "setInterval").mockReturnValue(never);
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const guest of guests.splice(0)) if (guest.attached) guest.detach();
});

/** Guests 0 and 1, which share as many channels as are wanted. */
function hypervise(channels = 1, frameSize = 64): Hypervisor {
  const queue = (_: unknown, id: number) => ({ id, peers: [0, 1] as const, nframes: NFRAMES, frameSize });
  return new Hypervisor({ queues: Array.from({ length: channels }, queue) });
}

/** Attaches as a guest until the test ends. */
function join(handle: GuestHandle): Guest {
  const guest = attach(handle);
  guests.push(guest);
  return guest;
}

/** Both ends of channel 0, a of guest 0 and b of guest 1, with no line pending. */
function open(channels = 1): { a: IvcCookie; b: IvcCookie } {
  const hypervisor = hypervise(channels);
  const [a, b] = [join(hypervisor.guest(0)).reserve(0), join(hypervisor.guest(1)).reserve(0)];
  a.guest.poll();
  b.guest.poll();
  return { a, b };
}

/** Both ends of a channel on which a cannot write. */
function openFull(): { a: IvcCookie; b: IvcCookie } {
  const ends = open();
  ends.a.tx.advance(NFRAMES);
  expect(ends.a.tx.canWrite()).toBe(false);
  return ends;
}

describe("while a guest listens, its handlers are called at once", () => {
  test.each<[string, (a: IvcCookie, other: IvcCookie) => unknown]>([
    ["after a wait on the line that timed out as it spun", (a) => a.rx.waitReadable(1, SPIN)],
    ["after a look at another line", (_, other) => other.rx.waitReadable(0)],
  ])("%s", async (_, wait) => {
    const { a, b } = open(2);
    const other = a.guest.reserve(1);
    const handler = vi.fn(() => a.rx.read(FRAME));
    a.guest.requestIrq(a.irq, handler);
    a.guest.listen();
    await vi.waitFor(() => expect(handler).toHaveBeenCalledOnce(), AT_ONCE);
    handler.mockClear();
    expect(wait(a, other)).toBe("timed-out");
    b.tx.write(FRAME);
    await vi.waitFor(() => expect(handler).toHaveBeenCalledOnce(), AT_ONCE);
  });

  test("for what came before it began", async () => {
    const { a, b } = open();
    const handler = vi.fn();
    a.guest.requestIrq(a.irq, handler);
    b.tx.write(FRAME);
    a.guest.poll();
    handler.mockClear();
    a.guest.listen();
    await vi.waitFor(() => expect(handler).toHaveBeenCalledOnce(), AT_ONCE);
    await idle(20);
    expect(handler).toHaveBeenCalledOnce();
  });
});

describe("a handler that consumed nothing is not called again without a ring", () => {
  test.each<[string, (a: IvcCookie) => unknown]>([
    ["disableIrq and enableIrq", ({ guest, irq }) => [guest.disableIrq(irq), guest.enableIrq(irq)]],
    ["a wait that spins", (a) => a.tx.waitWritable(1, SPIN)],
    ["a wait that spins and sleeps", (a) => a.tx.waitWritable(5, { spin: 1 })],
    ["an async wait", (a) => a.tx.waitWritableAsync(5, { spin: 1 })],
  ])("after %s", async (_, mask) => {
    const { a, b } = openFull();
    const handler = vi.fn();
    a.guest.requestIrq(a.irq, handler);
    b.tx.write(FRAME);
    a.guest.poll();
    expect(handler).toHaveBeenCalledOnce();
    await mask(a);
    expect(a.guest.poll()).toBe(0);
    expect(handler).toHaveBeenCalledOnce();
  });

  test("while the guest listens and the handler waits", async () => {
    const { a, b } = openFull();
    const handler = vi.fn(() => a.tx.waitWritable(1, SPIN));
    a.guest.requestIrq(a.irq, handler);
    a.guest.listen();
    await vi.waitFor(() => expect(handler).toHaveBeenCalled(), AT_ONCE);
    handler.mockClear();
    b.tx.write(FRAME);
    await vi.waitFor(() => expect(handler).toHaveBeenCalled(), AT_ONCE);
    await idle(50);
    expect(handler).toHaveBeenCalledOnce();
  });
});

describe("a masked line", () => {
  test("counts as unmasked in loopback", () => {
    const { a, b } = open();
    a.guest.disableIrq(a.irq);
    a.setLoopback(true);
    b.tx.write(FRAME);
    a.guest.poll();
    expect(b.rx.canRead()).toBe(true);
  });

  test("runs no reset step, whether the guest polls or listens", async () => {
    const { a, b } = open();
    a.guest.disableIrq(a.irq);
    b.reset();
    a.guest.poll();
    expect(a.state).toBe("established");
    a.guest.listen();
    await idle(20);
    expect(a.state).toBe("established");
    a.guest.enableIrq(a.irq);
    await vi.waitFor(() => expect(a.state).toBe("ack"), AT_ONCE);
  });
});

describe("waits", () => {
  test("an async one is told of loopback at once, also after a blocking one that slept for more than a slice", async () => {
    const { a } = openFull();
    expect(a.tx.waitWritable(SLICE + 20)).toBe("timed-out");
    const done = vi.fn();
    void a.tx.waitWritableAsync(60_000, { spin: 0 }).then(done);
    a.setLoopback(true);
    await vi.waitFor(() => expect(done).toHaveBeenCalledExactlyOnceWith("ready"), AT_ONCE);
  });

  test.each<[string, (a: IvcCookie) => unknown]>([
    ["waitReadableAsync", (a) => a.rx.waitReadableAsync(100, SPIN)],
    ["waitWritableAsync", (a) => a.tx.waitWritableAsync(100, SPIN)],
    ["waitEstablishedAsync", (a) => a.waitEstablishedAsync(100, SPIN)],
  ])("%s refuses to spin for ever", (_, wait) => {
    const { a } = open();
    expect(refusal(() => wait(a)).code).toBe("EINVAL");
  });

  test("none allocates shared memory", () => {
    const { a } = open();
    const allocate = vi.spyOn(globalThis, "SharedArrayBuffer");
    for (let i = 0; i < 10; i++) expect(a.rx.waitReadable(1, { spin: i })).toBe("timed-out");
    expect(allocate).not.toHaveBeenCalled();
  });
});

describe("the kernel face", () => {
  /** What a function returned that is no errno. */
  function granted<Result>(result: Result): Exclude<Result, number> {
    expect(tegra.IS_ERR(result)).toBe(false);
    return result as Exclude<Result, number>;
  }

  function probe(handle: GuestHandle): Guest {
    const dn = granted(tegra.tegra_hv_probe(handle));
    guests.push(dn);
    return dn;
  }

  test("serves a guest that this thread attached by the idiomatic face", () => {
    const hypervisor = new Hypervisor({ queues: [{ id: 3, peers: [7, 8], nframes: NFRAMES, frameSize: 64 }] });
    const dn = join(hypervisor.guest(7));
    expect(tegra.tegra_hv_get_vmid()).toBe(7);
    expect(granted(tegra.tegra_hv_ivc_reserve(null, 3, null)).peer_vmid).toBe(8);
    expect(tegra.tegra_hv_ivc_reserve(dn, 3, null)).toBe(-tegra.EBUSY);
  });

  test("wait_for_irqs answers −EINVAL where the thread may not block", () => {
    const dn = probe(hypervise().guest(0));
    vi.spyOn(Atomics, "wait").mockImplementation(() => {
      throw new TypeError("Atomics.wait cannot be called in this context");
    });
    expect(tegra.wait_for_irqs(dn, 10)).toBe(-tegra.EINVAL);
  });

  test("an offset beyond the frame is E2BIG, however large", () => {
    const ck = granted(tegra.tegra_hv_ivc_reserve(probe(hypervise().guest(0)), 0, null));
    expect(tegra.tegra_hv_ivc_write_poke(ck, FRAME, 2 ** 53, 1)).toBe(-tegra.E2BIG);
    expect(tegra.tegra_hv_ivc_read_peek(ck, FRAME, 2 ** 53, 1)).toBe(-tegra.E2BIG);
  });

  test("makes no view for a whole frame, none for a short part of one, and at most one for a longer part", () => {
    const hypervisor = hypervise(1, 1024);
    const [a, b] = [0, 1].map((vmid) => granted(tegra.tegra_hv_ivc_reserve(probe(hypervisor.guest(vmid)), 0, null)));
    const [whole, large] = [new Uint8Array(1024), new Uint8Array(4096)];
    const subarray = vi.spyOn(Uint8Array.prototype, "subarray");
    const views = (): number => subarray.mock.calls.length + trace.views;
    /** How many views it takes to write and to read a frame. */
    const move = (data: Uint8Array, into: Uint8Array, size: number): [number, number] => {
      const before = views();
      expect(tegra.tegra_hv_ivc_write(a!, data, size)).toBe(size);
      const between = views();
      expect(tegra.tegra_hv_ivc_read(b!, into, size)).toBe(size);
      return [between - before, views() - between];
    };
    for (let slot = 0; slot < NFRAMES; slot++) move(whole, whole, 1024);
    expect(move(whole, large, 1024)).toEqual([0, 0]);
    expect(move(large, large, 64)).toEqual([0, 0]);
    expect(Math.max(...move(large, large, 100))).toBeLessThanOrEqual(1);
  });
});

test("openChannel leaves nobody attached if one of its ops throws", () => {
  const [ha, hb] = createChannel();
  const a = openChannel(ha);
  guests.push(a.guest);
  a.tx.write(FRAME);
  const rxReady = (): void => {
    throw new Error("from rxReady");
  };
  expect(() => openChannel(hb, { rxReady })).toThrow("from rxReady");
  expect(guestDown(hb)).toBe(false);
});
