/** SPEC §8: what a mask withholds, what rings all the same, and what unmasking finds. */
import { describe, expect, test, vi } from "vitest";
import { lineIndex } from "../../../src/hypervisor/areas.ts";
import { PENDING } from "../../../src/hypervisor/line.ts";
import { guestDown } from "../../../src/index.ts";
import {
  afterStore,
  codeOf,
  fill,
  header,
  onlyRings,
  openPair,
  type Pair,
  type PairOptions,
  RX_COUNT,
  receive,
  receiveAll,
  send,
  settle,
  TX_COUNT,
} from "../../helpers/hypervisor.ts";

/** A pair whose `a` line is masked, and has a handler that was called for nothing yet. */
function masked(
  before: (pair: Pair) => void = () => undefined,
  options: PairOptions = {},
): Pair & { handler: ReturnType<typeof vi.fn> } {
  const pair = openPair(options);
  const handler = vi.fn();
  pair.a.guest.requestIrq(pair.a.cookie.irq, handler);
  before(pair);
  settle(pair.a.guest, pair.b.guest);
  pair.a.guest.disableIrq(pair.a.cookie.irq);
  handler.mockClear();
  return { ...pair, handler };
}

/** How often the handler is called once the line is unmasked. */
function unmask({ a, handler }: ReturnType<typeof masked>): number {
  expect(a.guest.poll(), "delivery is withheld until now").toBe(0);
  expect(handler).not.toHaveBeenCalled();
  a.guest.enableIrq(a.cookie.irq);
  expect(handler, "delivered by the next turn, not by unmasking").not.toHaveBeenCalled();
  a.guest.poll();
  return handler.mock.calls.length;
}

describe("a mask lets the peer skip the ring for data", () => {
  test("a frame into an empty queue rings nobody", () => {
    const { b } = masked();
    const before = b.cookie.rings;
    send(b.cookie, 1);
    expect(b.cookie.rings).toBe(before);
  });

  test("a frame out of a full queue rings nobody", () => {
    const { b } = masked(({ a }) => void fill(a.cookie));
    const before = b.cookie.rings;
    receive(b.cookie);
    expect(b.cookie.rings).toBe(before);
  });

  test("unmasked, both ring: this count counts", () => {
    const { a, b } = openPair();
    const before = b.cookie.rings;
    send(b.cookie, 1);
    expect(b.cookie.rings).toBe(before + 1);
    fill(a.cookie);
    receive(b.cookie);
    expect(b.cookie.rings).toBe(before + 2);
  });

  test("also after a wait that has slept", () => {
    const { a, b } = openPair();
    a.cookie.rx.waitReadable(1, { spin: 0 });
    a.guest.disableIrq(a.cookie.irq);
    const before = b.cookie.rings;
    send(b.cookie, 1);
    expect(b.cookie.rings).toBe(before);
  });

  test("the data can be moved all the same", () => {
    const { a, b } = masked();
    send(b.cookie, 1);
    expect(receive(a.cookie)).toBe(1);
  });
});

describe("rings although the line is masked, and is delivered once it is unmasked", () => {
  test("a reset", () => {
    const world = masked();
    world.b.cookie.reset();
    expect(unmask(world)).toBe(1);
    expect(world.a.cookie.state).toBe("ack");
  });

  test("a handshake step", () => {
    const world = masked();
    world.a.cookie.reset();
    const before = world.b.cookie.rings;
    world.b.guest.poll();
    expect(world.b.cookie.rings).toBe(before + 1);
    expect(unmask(world)).toBe(1);
    expect(world.a.cookie.state).toBe("established");
  });

  test("an explicit notify", () => {
    const world = masked();
    world.b.cookie.notify();
    expect(unmask(world)).toBe(1);
  });

  test("a death", () => {
    const world = masked();
    guestDown(world.b.handle);
    expect(unmask(world)).toBe(1);
  });
});

describe("unmasking looks afresh at both counts and the peer's state", () => {
  test("frames arrived while masked: pending", () => {
    const world = masked();
    send(world.b.cookie, 1);
    expect(unmask(world)).toBe(1);
  });

  test("frames arrived in a queue that was not empty: pending", () => {
    const world = masked(({ b }) => void send(b.cookie, 1));
    send(world.b.cookie, 2);
    expect(unmask(world)).toBe(1);
  });

  test("room was made in a full queue while masked: pending", () => {
    const world = masked(({ a }) => void fill(a.cookie));
    receive(world.b.cookie);
    expect(unmask(world)).toBe(1);
  });

  test("room was made in a full queue, billions of frames after the line was last served: pending", () => {
    const world = masked(({ a }) => void fill(a.cookie));
    world.a.cookie.line.toldConsumed = (world.a.cookie.channel.tx.published - 2 ** 31 - 1) | 0;
    receive(world.b.cookie);
    expect(unmask(world)).toBe(1);
  });

  test("room was made in a queue that never was full: not pending", () => {
    const world = masked(({ a }) => void send(a.cookie, 1));
    receive(world.b.cookie);
    expect(unmask(world)).toBe(0);
  });

  test("the peer reset while masked, and its ring was taken meanwhile: the step is still done", () => {
    const world = masked();
    world.b.cookie.reset();
    world.a.guest.poll();
    expect(unmask(world)).toBe(1);
    settle(world.a.guest, world.b.guest);
    expect([world.a.cookie.state, world.b.cookie.state]).toEqual(["established", "established"]);
  });

  test("a step would only be done again, since the peer has not seen it: not pending", () => {
    const { a, b } = openPair();
    const handler = vi.fn();
    a.guest.requestIrq(a.cookie.irq, handler);
    b.cookie.reset();
    settle(a.guest);
    handler.mockClear();
    a.guest.disableIrq(a.cookie.irq);
    a.guest.enableIrq(a.cookie.irq);
    expect(a.guest.poll()).toBe(0);
    expect(handler).not.toHaveBeenCalled();
  });

  test("a step by hand changed nothing: what was told once is not told again", () => {
    const { a, b } = openPair();
    send(b.cookie, 1);
    settle(a.guest);
    a.cookie.notified();
    a.guest.disableIrq(a.cookie.irq);
    a.guest.enableIrq(a.cookie.irq);
    expect(a.guest.poll()).toBe(0);
  });

  test("the peer reset while masked, though its ring is lost: the step is still done", () => {
    const world = masked();
    const { area } = world.a.handle.pairs[0]!;
    const { channel, side } = world.a.handle.endpoints[0]!;
    world.b.cookie.reset();
    new Int32Array(area)[lineIndex(channel, side)]! &= ~PENDING;
    new Int32Array(world.a.handle.wake).fill(0);
    expect(unmask(world)).toBe(1);
    expect(world.a.cookie.state).toBe("ack");
  });

  test("frames came and were read meanwhile: nothing is left to tell", () => {
    const world = masked();
    send(world.b.cookie, 1);
    receiveAll(world.a.cookie);
    expect(unmask(world)).toBe(0);
  });

  test("nothing happened: not pending", () => {
    expect(unmask(masked())).toBe(0);
  });

  test("nothing happened to a queue with room and frames of the own still unread: not pending", () => {
    expect(unmask(masked(({ a }) => void send(a.cookie, 1)))).toBe(0);
  });

  test("nothing happened to a full queue: not pending", () => {
    expect(unmask(masked(({ a }) => void fill(a.cookie)))).toBe(0);
  });

  test("what it was pending for before the mask is not forgotten", () => {
    const { a, b } = openPair();
    const handler = vi.fn();
    a.guest.requestIrq(a.cookie.irq, handler);
    settle(a.guest, b.guest);
    handler.mockClear();
    b.cookie.notify();
    a.guest.disableIrq(a.cookie.irq);
    expect(a.guest.poll()).toBe(0);
    a.guest.enableIrq(a.cookie.irq);
    a.guest.poll();
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("rings come again after it", () => {
    const world = masked();
    unmask(world);
    send(world.b.cookie, 1);
    expect(world.a.guest.poll()).toBe(1);
  });
});

describe("no wake-up is lost to a mask that comes between what the peer does and its test whether to ring", () => {
  test.each<[string, "rx" | "tx", number, (pair: Pair) => void, (pair: Pair) => unknown]>([
    ["a frame is published", "rx", TX_COUNT, () => undefined, ({ b }) => send(b.cookie, 1)],
    ["room is made", "tx", RX_COUNT, ({ a }) => void fill(a.cookie), ({ b }) => receive(b.cookie)],
  ])("%s", (_name, direction, count, before, move) => {
    const pair = openPair();
    const { a, b } = pair;
    const handler = vi.fn();
    a.guest.requestIrq(a.cookie.irq, handler);
    before(pair);
    settle(a.guest, b.guest);
    handler.mockClear();
    afterStore(header(a.handle, direction), count, () => a.guest.disableIrq(a.cookie.irq));
    move(pair);
    a.guest.enableIrq(a.cookie.irq);
    a.guest.poll();
    expect(handler).toHaveBeenCalledTimes(1);
  });
});

describe("a mask and the rest", () => {
  test("reserving an endpoint whose line is masked leaves it pending until it is unmasked", () => {
    const world = masked();
    world.a.cookie.unreserve();
    world.a.guest.reserve(0);
    expect(unmask(world)).toBe(1);
  });

  test("waits on the halves work on a masked line", async () => {
    onlyRings();
    const { a, b } = masked();
    const waiting = a.cookie.rx.waitReadableAsync(4000);
    const start = performance.now();
    send(b.cookie, 1);
    expect(await waiting).toBe("ready");
    expect(performance.now() - start, "rung, not found at the timeout").toBeLessThan(2000);
  });

  test.each([
    ["an unknown line", 99],
    ["no line", "1"],
  ])("disableIrq and enableIrq refuse %s", (_name, irq) => {
    const { a } = openPair();
    expect(codeOf(() => a.guest.disableIrq(irq as never))).toBe("EINVAL");
    expect(codeOf(() => a.guest.enableIrq(irq as never))).toBe("EINVAL");
  });
});

test("a line is unmasked when its guest detaches, masked or not: the peer rings again", () => {
  for (const { a, b } of [masked(), openPair()]) {
    a.guest.detach();
    const before = b.cookie.rings;
    send(b.cookie, 1);
    expect(b.cookie.rings).toBe(before + 1);
  }
});

describe("in loopback a line counts as unmasked", () => {
  test("the peer rings for data", () => {
    const { a, b } = masked();
    a.cookie.setLoopback(true);
    const before = b.cookie.rings;
    send(b.cookie, 1);
    expect(b.cookie.rings).toBe(before + 1);
  });

  test("and the ring is delivered: the frame is echoed", () => {
    const { a, b } = masked();
    a.cookie.setLoopback(true);
    send(b.cookie, 1);
    expect(a.guest.poll()).toBe(1);
    expect(receive(b.cookie)).toBe(1);
  });

  test("and masked again once it is left: delivery waits until it is unmasked", () => {
    const world = masked();
    world.a.cookie.setLoopback(true);
    world.a.guest.poll();
    world.a.cookie.setLoopback(false);
    expect(unmask(world)).toBe(1);
  });

  test("a line masked while in loopback stays so", () => {
    const { a, b } = openPair();
    a.cookie.setLoopback(true);
    settle(a.guest);
    a.guest.disableIrq(a.cookie.irq);
    send(b.cookie, 1);
    a.guest.poll();
    expect(receive(b.cookie)).toBe(1);
  });
});
