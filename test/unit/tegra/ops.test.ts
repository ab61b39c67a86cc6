/** SPEC §7, §8: when rx_rdy and tx_rdy are called. */
import { describe, expect, test } from "vitest";
import * as tegra from "../../../src/tegra/index.ts";
import { boot, fillUp, NFRAMES, put, QUEUE, reserve, settleIrqs, take, type World } from "./world.ts";

type Cookie = tegra.TegraIvcCookie;

/** Ops that note their calls, and then do what a test wants. */
function noting(then: tegra.TegraIvcOps = {}): { ops: tegra.TegraIvcOps; calls: string[] } {
  const calls: string[] = [];
  const ops: tegra.TegraIvcOps = {
    rx_rdy(ck) {
      calls.push("rx_rdy");
      then.rx_rdy?.(ck);
    },
    tx_rdy(ck) {
      calls.push("tx_rdy");
      then.tx_rdy?.(ck);
    },
  };
  return { ops, calls };
}

interface Driver extends World {
  readonly ck: Cookie;
  readonly peer: Cookie;
  readonly calls: string[];
}

/** A queue whose `a` end has ops; nothing is pending and no call noted yet. */
function drive(then?: tegra.TegraIvcOps): Driver {
  const world = boot();
  const peer = reserve(world.b, QUEUE);
  const { ops, calls } = noting(then);
  const ck = reserve(world.a, QUEUE, ops);
  settleIrqs(world.a, world.b);
  calls.length = 0;
  return { ...world, ck, peer, calls };
}

describe("inside reserve, before it returns, each is called once if its condition holds", () => {
  test.each([
    ["nothing waits, there is room", 0, 0, ["tx_rdy"]],
    ["a frame waits, there is room", 1, 0, ["rx_rdy", "tx_rdy"]],
    ["several frames wait, there is room", 3, 0, ["rx_rdy", "tx_rdy"]],
    ["a frame waits, there is no room", 1, NFRAMES, ["rx_rdy"]],
    ["nothing waits, there is no room", 0, NFRAMES, []],
  ])("%s", (_name, waiting, written, expected) => {
    const { a, b } = boot();
    const peer = reserve(b, QUEUE);
    const earlier = reserve(a, QUEUE);
    for (let i = 0; i < waiting; i++) put(peer);
    for (let i = 0; i < written; i++) put(earlier);
    tegra.tegra_hv_ivc_unreserve(earlier);
    const { ops, calls } = noting();
    reserve(a, QUEUE, ops);
    expect(calls).toEqual(expected);
  });

  test("neither while the link is not ESTABLISHED", () => {
    const { a, b } = boot();
    put(reserve(b, QUEUE));
    const earlier = reserve(a, QUEUE);
    tegra.tegra_hv_ivc_channel_reset(earlier);
    tegra.tegra_hv_ivc_unreserve(earlier);
    const { ops, calls } = noting();
    reserve(a, QUEUE, ops);
    expect(calls).toEqual([]);
  });

  test("tx_rdy is evaluated anew after rx_rdy", () => {
    const { a, b } = boot();
    put(reserve(b, QUEUE));
    const { ops, calls } = noting({ rx_rdy: fillUp });
    reserve(a, QUEUE, ops);
    expect(calls).toEqual(["rx_rdy"]);
  });

  test("they are given the cookie that reserve returns", () => {
    const { a, b } = boot();
    put(reserve(b, QUEUE));
    const seen: Cookie[] = [];
    const ck = reserve(a, QUEUE, { rx_rdy: (cookie) => seen.push(cookie), tx_rdy: (cookie) => seen.push(cookie) });
    expect(seen).toHaveLength(2);
    expect(seen.every((cookie) => cookie === ck)).toBe(true);
  });

  test("the cookie works inside them", () => {
    const { a, b } = boot();
    const peer = reserve(b, QUEUE);
    put(peer, 9);
    reserve(a, QUEUE, { rx_rdy: (ck) => void put(ck, take(ck) + 1) });
    expect(take(peer)).toBe(10);
  });

  test("the line is left pending, so what came during reserve is not missed", () => {
    const { a, b } = boot();
    reserve(b, QUEUE);
    const { ops, calls } = noting();
    reserve(a, QUEUE, ops);
    calls.length = 0;
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(calls).toEqual(["tx_rdy"]);
  });

  test.each(["rx_rdy", "tx_rdy"])("an exception in %s comes out of reserve, and the queue is not stuck", (name) => {
    const { a, b } = boot();
    put(reserve(b, QUEUE));
    const ops = {
      [name]: () => {
        throw new Error("from the driver");
      },
    };
    expect(() => tegra.tegra_hv_ivc_reserve(a, QUEUE, ops)).toThrow("from the driver");
    expect(tegra.IS_ERR(tegra.tegra_hv_ivc_reserve(a, QUEUE, null))).toBe(false);
  });
});

describe("once per interrupt", () => {
  test("rx_rdy if a frame can be read, then tx_rdy if one can be written", () => {
    const { a, peer, calls } = drive();
    put(peer);
    tegra.poll_irqs(a);
    expect(calls).toEqual(["rx_rdy", "tx_rdy"]);
  });

  test("only tx_rdy if no frame can be read", () => {
    const { a, peer, calls } = drive();
    tegra.tegra_hv_ivc_notify(peer);
    tegra.poll_irqs(a);
    expect(calls).toEqual(["tx_rdy"]);
  });

  test("only rx_rdy if none can be written", () => {
    const { a, ck, peer, calls } = drive();
    fillUp(ck);
    put(peer);
    tegra.poll_irqs(a);
    expect(calls).toEqual(["rx_rdy"]);
  });

  test("neither if neither condition holds", () => {
    const { a, ck, peer, calls } = drive();
    fillUp(ck);
    tegra.tegra_hv_ivc_notify(peer);
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(calls).toEqual([]);
  });

  test("neither while the link is not ESTABLISHED", () => {
    const { a, peer, calls } = drive();
    tegra.tegra_hv_ivc_channel_reset(peer);
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(calls).toEqual([]);
  });

  test("the reset step comes first: the interrupt that establishes the link calls tx_rdy", () => {
    const { a, b, ck, calls } = drive();
    tegra.tegra_hv_ivc_channel_reset(ck);
    tegra.poll_irqs(b);
    tegra.poll_irqs(a);
    expect(calls).toEqual(["tx_rdy"]);
  });

  test("tx_rdy is evaluated anew: not called if rx_rdy used up the room", () => {
    const { a, peer, calls } = drive({ rx_rdy: fillUp });
    put(peer);
    tegra.poll_irqs(a);
    expect(calls).toEqual(["rx_rdy"]);
  });

  test("tx_rdy is evaluated anew: called if there is room only since rx_rdy", () => {
    const world = drive({ rx_rdy: () => void take(world.peer) });
    fillUp(world.ck);
    put(world.peer);
    tegra.poll_irqs(world.a);
    expect(world.calls).toEqual(["rx_rdy", "tx_rdy"]);
  });

  test("however many rings it stands for", () => {
    const { a, peer, calls } = drive();
    for (let i = 0; i < 5; i++) tegra.tegra_hv_ivc_notify(peer);
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(tegra.poll_irqs(a)).toBe(0);
    expect(calls).toEqual(["tx_rdy"]);
  });
});

describe("either member may be absent", () => {
  test.each([
    ["rx_rdy", ["tx_rdy"]],
    ["tx_rdy", ["rx_rdy"]],
  ] as const)("%s", (absent, expected) => {
    const { a, b } = boot();
    const peer = reserve(b, QUEUE);
    put(peer);
    const { ops, calls } = noting();
    delete ops[absent];
    reserve(a, QUEUE, ops);
    expect(calls, "inside reserve").toEqual(expected);
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(calls, "at an interrupt").toEqual([...expected, ...expected]);
  });

  test("both", () => {
    const { a, b } = boot();
    put(reserve(b, QUEUE));
    reserve(a, QUEUE, {});
    expect(tegra.poll_irqs(a)).toBe(1);
  });
});

describe("a partial drainer", () => {
  test("that consumed at least one frame and left some is called again next turn, until none is left", () => {
    const { a, peer, calls } = drive({ rx_rdy: (ck) => void take(ck) });
    fillUp(peer);
    const served = [1, 2, 3, 4].map(() => tegra.poll_irqs(a));
    expect(served).toEqual([1, 1, 1, 0]);
    expect(calls.filter((call) => call === "rx_rdy")).toHaveLength(3);
  });

  test("gets no tx_rdy without a ring", () => {
    const { a, peer, calls } = drive({ rx_rdy: (ck) => void take(ck) });
    fillUp(peer);
    for (let turn = 0; turn < 4; turn++) tegra.poll_irqs(a);
    expect(calls).toEqual(["rx_rdy", "tx_rdy", "rx_rdy", "rx_rdy"]);
  });

  test("that consumed nothing is not called again", () => {
    const { a, peer, calls } = drive();
    fillUp(peer);
    expect([1, 2].map(() => tegra.poll_irqs(a))).toEqual([1, 0]);
    expect(calls).toEqual(["rx_rdy", "tx_rdy"]);
  });

  test("that consumed all is not called again", () => {
    const { a, peer, calls } = drive({
      rx_rdy: (ck) => {
        while (tegra.tegra_hv_ivc_can_read(ck)) take(ck);
      },
    });
    fillUp(peer);
    expect([1, 2].map(() => tegra.poll_irqs(a))).toEqual([1, 0]);
    expect(calls).toEqual(["rx_rdy", "tx_rdy"]);
  });

  test("that throws after it consumed one is called again as well", () => {
    const { a, peer, calls } = drive({
      rx_rdy: (ck) => {
        take(ck);
        throw new Error("from the driver");
      },
    });
    put(peer);
    put(peer);
    expect(() => tegra.poll_irqs(a)).toThrow("from the driver");
    expect(() => tegra.poll_irqs(a)).toThrow("from the driver");
    expect(tegra.poll_irqs(a)).toBe(0);
    expect(calls).toEqual(["rx_rdy", "rx_rdy"]);
  });
});

describe("handlers that do something else", () => {
  test.each([
    ["poll_irqs", (a: tegra.DeviceNode) => tegra.poll_irqs(a)],
    ["wait_for_irqs", (a: tegra.DeviceNode) => tegra.wait_for_irqs(a, 10)],
  ])("an exception comes out of %s", (_name, serve) => {
    const { a, peer } = drive({
      rx_rdy: () => {
        throw new Error("from the driver");
      },
    });
    put(peer);
    expect(() => serve(a)).toThrow("from the driver");
  });

  test("a handler that calls channel_notified again runs one more step", () => {
    const { a, b } = boot();
    const ck = reserve(a, QUEUE);
    const peer = reserve(b, QUEUE);
    settleIrqs(a, b);
    const answers: number[] = [];
    tegra.request_irq(a, ck.irq, () => {
      tegra.tegra_hv_ivc_channel_notified(peer);
      answers.push(tegra.tegra_hv_ivc_channel_notified(ck));
    });
    tegra.poll_irqs(a);
    answers.length = 0;
    tegra.tegra_hv_ivc_channel_reset(peer);
    tegra.poll_irqs(a);
    // The dispatcher's step: ACK. Then the peer's: ESTABLISHED. Then the handler's own: ESTABLISHED.
    expect(answers).toEqual([0]);
  });

  test("one step only, if the handler does not call channel_notified", () => {
    const { a, b } = boot();
    const ck = reserve(a, QUEUE);
    const peer = reserve(b, QUEUE);
    settleIrqs(a, b);
    tegra.request_irq(a, ck.irq, () => void tegra.tegra_hv_ivc_channel_notified(peer));
    tegra.poll_irqs(a);
    tegra.tegra_hv_ivc_channel_reset(peer);
    tegra.poll_irqs(a);
    expect(tegra.tegra_hv_ivc_write(ck, new Uint8Array(1), 1)).toBe(-tegra.ECONNRESET);
    expect(tegra.tegra_hv_ivc_channel_notified(ck)).toBe(0);
  });

  test("unreserve inside rx_rdy: tx_rdy is not called, and the queue can be reserved again", () => {
    const { a, peer, calls } = drive({ rx_rdy: (ck) => void tegra.tegra_hv_ivc_unreserve(ck) });
    put(peer, 4);
    expect(tegra.poll_irqs(a)).toBe(1);
    expect(calls).toEqual(["rx_rdy"]);
    expect(take(reserve(a, QUEUE))).toBe(4);
    tegra.tegra_hv_ivc_notify(peer);
    tegra.poll_irqs(a);
    expect(calls, "the ops went with the reservation").toEqual(["rx_rdy"]);
  });

  test("unreserve inside rx_rdy within reserve returns a cookie that is not reserved", () => {
    const { a, b } = boot();
    put(reserve(b, QUEUE));
    const { ops, calls } = noting({ rx_rdy: (ck) => void tegra.tegra_hv_ivc_unreserve(ck) });
    const ck = reserve(a, QUEUE, ops);
    expect(calls).toEqual(["rx_rdy"]);
    expect(tegra.tegra_hv_ivc_channel_notified(ck)).toBe(-tegra.EPERM);
  });

  test("unreserve after a partial read inside rx_rdy leaves nothing to call", () => {
    const { a, peer, calls } = drive({
      rx_rdy: (ck) => {
        take(ck);
        tegra.tegra_hv_ivc_unreserve(ck);
      },
    });
    put(peer);
    put(peer);
    tegra.poll_irqs(a);
    expect(tegra.poll_irqs(a)).toBe(0);
    expect(calls).toEqual(["rx_rdy"]);
  });

  test("remove inside a handler is no error", () => {
    const world = drive({ rx_rdy: () => void tegra.tegra_hv_remove(world.a) });
    put(world.peer);
    expect(tegra.poll_irqs(world.a)).toBe(1);
    expect(tegra.poll_irqs(world.a)).toBe(-tegra.ENODEV);
  });
});
