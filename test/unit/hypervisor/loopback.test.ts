/** SPEC §6, a test for each sentence. What the kernel face answers is tested in ../tegra/loopback.test.ts. */
import { describe, expect, test, vi } from "vitest";
import type { IvcCookie } from "../../../src/index.ts";
import {
  afterStore,
  codeOf,
  fill,
  header,
  openMany,
  openPair,
  type Pair,
  type PairOptions,
  RX_COUNT,
  receive,
  receiveAll,
  send,
  settle,
} from "../../helpers/hypervisor.ts";

/** A pair whose `a` end is in loopback. */
function loop(options?: PairOptions): Pair {
  const pair = openPair(options);
  pair.a.cookie.setLoopback(true);
  settle(pair.a.guest, pair.b.guest);
  return pair;
}

describe("a mode of one endpoint, invisible to the peer", () => {
  test("which just finds an echo", () => {
    const { a, b } = loop();
    send(b.cookie, 1);
    a.guest.poll();
    expect(receive(b.cookie)).toBe(1);
    const { state, peerState, nframes, frameSize } = b.cookie.dump();
    expect({ state, peerState, nframes, frameSize }).toEqual({
      state: "established",
      peerState: "established",
      nframes: 4,
      frameSize: 64,
    });
  });

  test("and of no other endpoint of the guest", () => {
    const { a, ca, cb } = openMany(2);
    ca[0]!.setLoopback(true);
    send(cb[1]!, 1);
    a.poll();
    expect([ca[1]!.loopback, receive(cb[1]!), receive(ca[1]!)]).toEqual([false, undefined, 1]);
  });

  test("switching it on changes nothing that the peer can see", () => {
    const { a, b } = openPair();
    a.cookie.setLoopback(true);
    expect(b.guest.poll()).toBe(0);
    expect(b.cookie.dump()).toMatchObject({ tx: { txCount: 0, rxCount: 0 }, rx: { txCount: 0, rxCount: 0 } });
  });
});

describe("on", () => {
  test("every incoming frame is copied whole", () => {
    const { a, b } = loop();
    const frame = Uint8Array.from({ length: 64 }, (_, i) => 255 - i);
    b.cookie.tx.write(frame);
    a.guest.poll();
    const into = new Uint8Array(64);
    b.cookie.rx.read(into);
    expect(into).toEqual(frame);
  });

  test("and in order, for many laps", () => {
    const { a, b } = loop({ nframes: 3 });
    for (let lap = 0; lap < 7; lap++) {
      expect(fill(b.cookie)).toBe(3);
      settle(a.guest, b.guest);
      expect(receiveAll(b.cookie)).toEqual([1, 2, 3]);
    }
  });

  test("frames already waiting are echoed at once", () => {
    const { a, b } = openPair();
    for (const value of [1, 2, 3]) send(b.cookie, value);
    a.cookie.setLoopback(true);
    expect(receiveAll(b.cookie)).toEqual([1, 2, 3]);
  });

  test("an echo rings the peer on transition", () => {
    const { a, b } = loop();
    send(b.cookie, 1);
    a.guest.poll();
    expect(b.guest.poll()).toBe(1);
  });

  test("when tx is full, echoing stops and resumes on the next interrupt; nothing is lost", () => {
    const { a, b } = loop();
    fill(b.cookie);
    settle(a.guest, b.guest);
    for (const value of [5, 6, 7]) send(b.cookie, value);
    settle(a.guest);
    expect(a.cookie.dump().rx, "no room: the frames wait").toMatchObject({ txCount: 7, rxCount: 4 });
    expect([receive(b.cookie), receive(b.cookie)]).toEqual([1, 2]);
    expect(a.cookie.dump().rx.rxCount, "not before the interrupt").toBe(4);
    expect(a.guest.poll()).toBe(1);
    expect(a.cookie.dump().rx.rxCount).toBe(6);
    const rest: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      rest.push(...receiveAll(b.cookie));
      a.guest.poll();
    }
    expect(rest).toEqual([3, 4, 5, 6, 7]);
  });

  test("no handler and no ops are called", () => {
    const calls: string[] = [];
    const { a, b } = openPair({ ops: { rxReady: () => calls.push("rx"), txReady: () => calls.push("tx") } });
    a.cookie.setLoopback(true);
    calls.length = 0;
    send(b.cookie, 1);
    b.cookie.notify();
    expect(a.guest.poll()).toBe(1);
    expect(calls).toEqual([]);
    const other = loop();
    const handler = vi.fn();
    other.a.guest.requestIrq(other.a.cookie.irq, handler);
    other.b.cookie.notify();
    other.a.guest.poll();
    expect(handler).not.toHaveBeenCalled();
  });

  test("the reset step is run as ever, and the echo goes on after it", () => {
    const { a, b } = loop();
    send(b.cookie, 1);
    b.cookie.reset();
    settle(a.guest, b.guest);
    expect([a.cookie.state, b.cookie.state]).toEqual(["established", "established"]);
    expect(receive(b.cookie)).toBe(undefined);
    send(b.cookie, 2);
    a.guest.poll();
    expect(receive(b.cookie)).toBe(2);
  });

  test("while the link is down it may be switched on, and echoes once the link is up", () => {
    const { a, b } = openPair();
    a.cookie.reset();
    a.cookie.setLoopback(true);
    settle(a.guest, b.guest);
    send(b.cookie, 3);
    a.guest.poll();
    expect(receive(b.cookie)).toBe(3);
  });
});

describe("while on", () => {
  const bytes = new Uint8Array(8).fill(9);

  test.each<[string, (cookie: IvcCookie) => unknown, unknown]>([
    ["write reports success", ({ tx }) => tx.write(bytes), true],
    ["advance too", ({ tx }) => tx.advance(), true],
    ["advance of n frames too", ({ tx }) => tx.advance(4), true],
    ["poke is accepted", ({ tx }) => tx.poke(bytes, 8), true],
    ["canWrite is true", ({ tx }) => tx.canWrite(), true],
    ["framesAvailable is nframes", ({ tx }) => tx.framesAvailable(), 4],
    ["read finds nothing", ({ rx }) => rx.read(bytes), false],
    ["peek finds nothing", ({ rx }) => rx.peek(bytes), false],
    ["getNextFrame finds nothing", ({ rx }) => rx.getNextFrame(), undefined],
    ["advance of rx finds nothing", ({ rx }) => rx.advance(), false],
    ["canRead is false", ({ rx }) => rx.canRead(), false],
    ["no frame is waiting", ({ rx }) => rx.framesAvailable(), 0],
    ["writable at once", ({ tx }) => tx.waitWritable(0), "ready"],
    ["readable never", ({ rx }) => rx.waitReadable(5), "timed-out"],
  ])("%s, though the tx queue is full and a frame waits", (_rule, call, answer) => {
    const { a, b } = openPair();
    fill(a.cookie);
    send(b.cookie, 7);
    a.cookie.setLoopback(true);
    expect(call(a.cookie)).toBe(answer);
    expect(receiveAll(b.cookie), "local writes are ignored").toEqual([1, 2, 3, 4]);
    a.guest.poll();
    expect(receiveAll(b.cookie), "and local reads consumed nothing").toEqual([7]);
  });

  test("an async wait for a frame never ends as ready, though frames are echoed", async () => {
    const { a, b } = loop();
    const waiting = a.cookie.rx.waitReadableAsync(30);
    send(b.cookie, 1);
    expect(await waiting).toBe("timed-out");
  });

  test("an async wait for room that is parked is ready once loopback is on", async () => {
    const { a } = openPair();
    fill(a.cookie);
    const waiting = a.cookie.tx.waitWritableAsync(1000);
    a.cookie.setLoopback(true);
    expect(await waiting).toBe("ready");
  });

  test("tx_empty tells the truth", () => {
    const { a, b } = loop();
    expect(a.cookie.tx.isEmpty()).toBe(true);
    send(b.cookie, 1);
    a.guest.poll();
    expect(a.cookie.tx.isEmpty()).toBe(false);
    receive(b.cookie);
    expect(a.cookie.tx.isEmpty()).toBe(true);
  });

  test("the frame handed out to fill is a private scratch frame", () => {
    const { a, b } = loop();
    const frame = a.cookie.tx.getNextFrame()!;
    expect(frame.byteLength).toBe(64);
    expect(frame.buffer).not.toBeInstanceOf(SharedArrayBuffer);
    frame.fill(9);
    a.cookie.tx.advance();
    send(b.cookie, 1);
    a.guest.poll();
    expect(receiveAll(b.cookie)).toEqual([1]);
  });

  test.each<[string, (cookie: IvcCookie) => unknown, string]>([
    ["write: no Uint8Array", ({ tx }) => tx.write("x" as never), "EINVAL"],
    ["write: longer than a frame", ({ tx }) => tx.write(new Uint8Array(65)), "E2BIG"],
    ["poke: beyond the frame", ({ tx }) => tx.poke(bytes, 60), "E2BIG"],
    ["poke: bad offset", ({ tx }) => tx.poke(bytes, -1), "EINVAL"],
    ["getNextFrame: bad ahead", ({ tx }) => tx.getNextFrame(4), "EINVAL"],
    ["advance: bad count", ({ tx }) => tx.advance(5), "EINVAL"],
    ["read: no Uint8Array", ({ rx }) => rx.read([] as never), "EINVAL"],
    ["peek: beyond the frame", ({ rx }) => rx.peek(bytes, 60), "E2BIG"],
    ["getNextFrame of rx: bad ahead", ({ rx }) => rx.getNextFrame(-1), "EINVAL"],
    ["advance of rx: bad count", ({ rx }) => rx.advance(0), "EINVAL"],
  ])("arguments are checked as ever: %s", (_rule, call, code) => {
    expect(codeOf(() => call(loop().a.cookie))).toBe(code);
  });

  test.each<[string, (cookie: IvcCookie) => unknown, unknown]>([
    ["write", ({ tx }) => tx.write(bytes), false],
    ["poke", ({ tx }) => tx.poke(bytes), false],
    ["getNextFrame", ({ tx }) => tx.getNextFrame(), undefined],
    ["advance", ({ tx }) => tx.advance(), false],
    ["canWrite", ({ tx }) => tx.canWrite(), false],
  ])("a link that is down is answered as ever: %s", (_rule, call, answer) => {
    const { a } = loop();
    a.cookie.reset();
    expect(call(a.cookie)).toBe(answer);
  });
});

describe("one echo run, with a peer that reads an echo and sends a frame whenever one is consumed", () => {
  /**
   * The peer has sent 1 to 4, and goes on to 20 in the midst of `a`'s echo run. Its queue is never empty meanwhile, so it
   * does not ring.
   */
  function eager(): Pair & { echoed: number[] } {
    const pair = openPair();
    const { a, b } = pair;
    const echoed: number[] = [];
    let next = fill(b.cookie) + 1;
    settle(a.guest, b.guest);
    afterStore(header(a.handle, "rx"), RX_COUNT, () => {
      echoed.push(receive(b.cookie)!);
      if (next <= 20) send(b.cookie, next++);
    });
    return { ...pair, echoed };
  }

  test("moves at most nframes frames", () => {
    const { a, echoed } = eager();
    a.cookie.setLoopback(true);
    expect(echoed).toEqual([1, 2, 3, 4]);
    a.guest.poll();
    expect(echoed).toHaveLength(8);
  });

  test("leaves the line pending if more could go", () => {
    const { a, echoed } = eager();
    a.cookie.setLoopback(true);
    for (let turn = 0; turn < 4; turn++) expect(a.guest.poll()).toBe(1);
    expect(echoed).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(a.guest.poll(), "and not if none could").toBe(0);
  });

  test("leaves the line pending if more could go, by hand as well", () => {
    const { a, echoed } = eager();
    a.cookie.setLoopback(true);
    a.cookie.performLoopback();
    expect(echoed).toHaveLength(8);
    expect(a.guest.poll()).toBe(1);
  });
});

describe("setLoopback and performLoopback", () => {
  test("performLoopback echoes by hand whatever can be echoed now", () => {
    const { a, b } = loop();
    for (const value of [1, 2]) send(b.cookie, value);
    a.cookie.performLoopback();
    expect(receiveAll(b.cookie)).toEqual([1, 2]);
  });

  test("performLoopback is EINVAL while the mode is off", () => {
    const { a } = openPair();
    expect(codeOf(() => a.cookie.performLoopback())).toBe("EINVAL");
  });

  test.each([2, 1, 0, "true", null, undefined])("setLoopback(%s) is EINVAL: it takes a boolean", (mode) => {
    const { a } = openPair();
    expect(codeOf(() => a.cookie.setLoopback(mode as never))).toBe("EINVAL");
  });

  test("setting the mode it has is a no-op: on", () => {
    const { a, b } = loop();
    send(b.cookie, 1);
    a.cookie.setLoopback(true);
    expect(receive(b.cookie), "no echo before the interrupt").toBe(undefined);
  });

  test("setting the mode it has is a no-op: off", () => {
    const { a } = openPair();
    a.cookie.setLoopback(false);
    expect(a.guest.poll()).toBe(0);
  });

  test("off: local reads and writes work again", () => {
    const { a, b } = loop();
    a.cookie.setLoopback(false);
    send(b.cookie, 1);
    send(a.cookie, 2);
    expect([receive(a.cookie), receive(b.cookie)]).toEqual([1, 2]);
  });

  test("off: frames that could not be echoed yet are for the local reader", () => {
    const { a, b } = openPair();
    fill(a.cookie);
    send(b.cookie, 7);
    a.cookie.setLoopback(true);
    a.cookie.setLoopback(false);
    expect(receiveAll(a.cookie)).toEqual([7]);
    expect(receiveAll(b.cookie)).toEqual([1, 2, 3, 4]);
  });

  test("the mode ends with the reservation", () => {
    const { a, b } = loop();
    a.cookie.unreserve();
    const next = a.guest.reserve(0);
    send(b.cookie, 5);
    a.guest.poll();
    expect([next.loopback, receive(b.cookie), receive(next)]).toEqual([false, undefined, 5]);
  });
});
