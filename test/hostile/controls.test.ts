/** What the other tests here would find: bugs that trust the peer, put into the library one by one. */

import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { groupIndex } from "../../src/hypervisor/areas.ts";
import { IvcCookie } from "../../src/hypervisor/cookie.ts";
import { EventLoop } from "../../src/hypervisor/event-loop.ts";
import { Interrupts } from "../../src/hypervisor/interrupts.ts";
import type { Line, LineQueue } from "../../src/hypervisor/line.ts";
import type * as Memory from "../../src/memory.ts";
import { copyIn, exchange, load, store } from "../../src/memory.ts";
import { ESTABLISHED, type Queue, RX_COUNT, TX_COUNT } from "../../src/ring/layout.ts";
import { RxHalf } from "../../src/ring/rx.ts";
import { TxHalf } from "../../src/ring/tx.ts";
import { besiege as besiegeGuest } from "./guest-siege.ts";
import { standStill, type World } from "./guest-world.ts";
import { called, KINDS, tally } from "./handlers.ts";
import { host } from "./host.ts";
import { besiege } from "./ring-world.ts";
import type { Verb } from "./verbs.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { besieged } = await import("./besieged.ts");
  return besieged(await original<typeof Memory>());
});

beforeAll(standStill);

/** What a half knows. */
interface Inside {
  readonly queue: Queue;
  readonly link: { readonly state: number };
  readonly nframes: number;
  readonly frameSize: number;
  count: number;
  position: number;
  peerCount: number;
  used(): number;
  hasRoom(frames: number): boolean;
  hasFrames(frames: number): boolean;
  publish(frames: number): void;
}

const undo: (() => void)[] = [];
afterEach(() => {
  for (const restore of undo.splice(0)) restore();
});

/** Puts a bug in the place of a method until the test ends. */
function seed<Self>(prototype: object, method: string, bug: (this: Self, ...args: never[]) => unknown): void {
  const right = Object.getOwnPropertyDescriptor(prototype, method)!;
  Object.defineProperty(prototype, method, { ...right, value: bug });
  undo.push(() => Object.defineProperty(prototype, method, right));
}

const SETUP = { nframes: 3, own: [2, 2, 0] } as const;
/** Without the bound on operations, which would find most of these bugs first. */
const siege = (name: string) => () => besiege(name, SETUP, 999);

test("a slot index that derives from the peer's word", () => {
  seed<Inside>(TxHalf.prototype, "write", function (data: Uint8Array) {
    if (!this.hasRoom(1)) return false;
    copyIn(this.queue.frames, ((this.peerCount >>> 0) % this.nframes) * this.frameSize, data, data.byteLength);
    this.publish(1);
    return true;
  });
  expect(siege("tx.write")).toThrow("no write to slot");
});

test("a frame handed out at an index that the peer wrote", () => {
  seed<Inside>(RxHalf.prototype, "getNextFrame", function () {
    if (!this.hasFrames(1)) return undefined;
    return this.queue.frame((load(this.queue.words, TX_COUNT) - 1) >>> 0);
  });
  expect(siege("rx.getNextFrame")).toThrow("a view at");
});

test("a count fetched twice: once to decide, once to tell", () => {
  seed<Inside>(TxHalf.prototype, "framesAvailable", function () {
    if (this.link.state !== ESTABLISHED || this.used() > this.nframes) return 0;
    return this.nframes - this.used();
  });
  expect(siege("tx.framesAvailable")).toThrow("a documented outcome, got -");
});

test("an own count reloaded from shared memory", () => {
  seed<Inside>(RxHalf.prototype, "consume", function (frames: number) {
    this.count = (load(this.queue.words, RX_COUNT) + frames) | 0;
    store(this.queue.words, RX_COUNT, this.count);
  });
  expect(siege("rx.read")).toThrow("a load of own rx.count");
});

test("an over-full queue that looks readable", () => {
  seed<Inside>(RxHalf.prototype, "framesAvailable", function () {
    return this.link.state === ESTABLISHED ? this.used() : 0;
  });
  expect(siege("rx.framesAvailable")).toThrow("a documented outcome, got 4294967");
});

test("one operation more than needed", () => {
  seed<Inside>(TxHalf.prototype, "isEmpty", function () {
    return this.used() === 0 || this.used() > this.nframes;
  });
  expect(() => besiege("tx.isEmpty", SETUP)).toThrow("at most 1 operations, got 2");
});

test("a store beyond the frame", () => {
  seed<Inside>(TxHalf.prototype, "poke", function (data: Uint8Array) {
    if (!this.hasRoom(1)) return false;
    copyIn(this.queue.frames, (this.position + 1) * this.frameSize - 1, data, data.byteLength);
    return true;
  });
  expect(siege("tx.poke")).toThrow("refused: write");
});

test("an echo of as many frames as the peer says there are", () => {
  seed<IvcCookie>(IvcCookie.prototype, "echo", function () {
    const { rx } = this.channel;
    const waiting = (rx.loadPeerCount() - rx.consumed) >>> 0;
    for (let i = 0; i < waiting; i++) rx.loadPeerCount();
    return false;
  });
  const verb = {
    call: ({ cookie }: { cookie: IvcCookie }) => cookie.performLoopback(),
    answers: () => true,
    bound: 99,
  };
  expect(() => besiegeGuest(verb, { loopback: true }, [0, 1])).toThrow("operation 10001");
});

test("a line that a bit of the peer's names, and that does not exist", () => {
  seed<{ wake: Memory.Words; lines: Line[]; take(line: Line): void }>(
    Interrupts.prototype,
    "collectGroup",
    function (group: number) {
      const bits = exchange(this.wake, groupIndex(group), 0);
      for (let bit = 0; bit < 32; bit++) if (bits & (1 << bit)) this.take(this.lines[bit] as Line);
    },
  );
  const verb = {
    call: ({ guest }: { guest: { poll(): number } }) => guest.poll(),
    answers: () => true,
    resets: true,
    bound: 99,
  };
  expect(() => besiegeGuest(verb, { rung: true }, [0, 4])).toThrow("undefined");
});

/** What handlers do in a call: each is called once. */
const serving = (call: Verb<World>["call"]): Verb<World> => ({
  call,
  answers: () => called() <= 1,
  publishes: () => tally.published,
  consumes: () => tally.consumed,
  resets: true,
  bound: 999,
});
const polling = serving(({ guest }) => guest.poll());
const turning = serving(() => {
  host.turn();
  if (host.next === "never") throw new Error("expected another turn");
});

/** What the controller and the event loop know. */
interface Controller {
  readonly serving: LineQueue;
  readonly interrupts: Interrupts;
  dispatch(line: Line): void;
  deliver(): void;
}

test("a line that is served as long as its peer has more", () => {
  seed<Controller>(Interrupts.prototype, "serve", function () {
    for (let line = this.serving.shift(); line; line = this.serving.shift()) this.dispatch(line);
    return 1;
  });
  const { handlers } = KINDS["a handler that reads one frame"]!;
  expect(() => besiegeGuest(polling, { handlers, greedy: true, rung: true }, [0, 1])).toThrow("operation 10001");
});

test("a handler that is called again at once", () => {
  const right = IvcCookie.prototype.callOps;
  seed<IvcCookie>(IvcCookie.prototype, "callOps", function (rung: boolean) {
    right.call(this, rung);
    if (this.rx.canRead()) right.call(this, rung);
  });
  const { handlers } = KINDS["rxReady that drains"]!;
  expect(() => besiegeGuest(polling, { handlers, greedy: true, rung: true }, [0, 1])).toThrow("a documented outcome");
});

test("a turn of the event loop as long as lines are due", () => {
  seed<Controller>(EventLoop.prototype, "deliver", function () {
    while (this.interrupts.anyToServe) this.interrupts.serve();
  });
  const { handlers } = KINDS["a handler that drains in place"]!;
  const setup = { handlers, greedy: true, rung: true, listens: "rung" } as const;
  expect(() => besiegeGuest(turning, setup, [0, 1])).toThrow("operation 10001");
});

test("an exception that ends the event loop of a guest", () => {
  seed<Controller>(EventLoop.prototype, "deliver", function () {
    this.interrupts.serve();
  });
  const { handlers } = KINDS["a handler that throws"]!;
  const setup = { handlers, greedy: true, rung: true, listens: "rung" } as const;
  expect(() => besiegeGuest(turning, setup, [0, 1])).toThrow("oops");
});

test("a turn after which there is no other", () => {
  seed(EventLoop.prototype, "park", () => undefined);
  const setup = { rung: true, listens: "soon" } as const;
  expect(() => besiegeGuest(turning, setup, [0, 1])).toThrow("expected another turn");
});
