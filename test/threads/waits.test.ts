import { attach, type Guest, type GuestHandle, Hypervisor, type IvcCookie } from "ivc-ring";
import { describe, expect, it } from "vitest";
import { Thread, until } from "./harness.ts";
import { FRAME_SIZE } from "./workers/frames.mjs";
import { asleep, masked, ringHalfway } from "./workers/peek.mjs";

/** Longer than any wait here that is to end before its time. */
const LONG = 15_000;
const PARK = { spin: 0 };
const SPIN = { spin: Number.POSITIVE_INFINITY };

type Wait = readonly [what: string, timeout: number, options?: object | undefined];

/** What a worker tells of a wait. */
interface Report {
  readonly outcome: string | number;
  readonly elapsed: number;
  readonly links: readonly { readonly state: string; readonly session: number }[];
  readonly message?: number;
}

/** This thread as guest 0 with two channels to guest 1, that may be a worker. */
class Scene {
  readonly hypervisor: Hypervisor;
  readonly guest: Guest;
  readonly cookies: readonly [IvcCookie, IvcCookie];
  readonly handle: GuestHandle;
  thread: Thread | undefined;

  constructor() {
    const queue = (id: number) => ({ id, peers: [0, 1] as const, nframes: 2, frameSize: FRAME_SIZE });
    this.hypervisor = new Hypervisor({ queues: [queue(0), queue(1)] });
    this.handle = this.hypervisor.guest(1);
    this.guest = attach(this.hypervisor.guest(0));
    this.cookies = [this.guest.reserve(0), this.guest.reserve(1)];
  }

  /** Starts guest 1, which waits as told. */
  start(...waits: Wait[]): void {
    this.thread = new Thread("waiter.mjs", { handle: this.handle, waits }, { watch: [this.handle] });
  }

  /** How its next wait ended. */
  report(): Promise<Report> {
    return (this.thread as Thread).hear();
  }

  /** Resolves when the worker is parked. */
  parked(): Promise<void> {
    return until(() => asleep(this.handle), "the worker to sleep", [this.handle]);
  }

  /** Resolves when the worker spins. */
  spinning(): Promise<void> {
    return until(() => masked(this.handle), "the worker to spin", [this.handle]);
  }
}

/** As long as was asked for, and not much longer: the machine may be busy. */
function expectElapsed(elapsed: number, timeout: number): void {
  expect(elapsed).toBeGreaterThan(timeout - 2);
  expect(elapsed).toBeLessThan(timeout + 2000);
}

describe("a wait that times out", () => {
  it.each([
    ["readable, parking", "readable", PARK, "timed-out"],
    ["readable, by default", "readable", {}, "timed-out"],
    ["readable, spinning", "readable", SPIN, "timed-out"],
    ["for interrupts", "interrupt", undefined, 0],
  ] as const)("blocks as long as asked: %s", async (_, what, options, outcome) => {
    const scene = new Scene();
    // The second is longer than one sleep may be.
    const timeouts = [30, 400];
    scene.start(...timeouts.map((timeout): Wait => [what, timeout, options]));
    for (const timeout of timeouts) {
      const report = await scene.report();
      expect(report.outcome).toBe(outcome);
      expectElapsed(report.elapsed, timeout);
    }
  });

  it("takes as long as asked on the event loop: for a frame, for room, and for the link", async () => {
    const [{ rx, tx }, link] = new Scene().cookies;
    while (tx.write(new Uint8Array()));
    link.reset();
    const before = performance.now();
    const waits = [rx.waitReadableAsync(400), tx.waitWritableAsync(400), link.waitEstablishedAsync(400)];
    expect(await Promise.all(waits)).toEqual(["timed-out", "timed-out", "timed-out"]);
    expectElapsed(performance.now() - before, 400);
  });
});

describe("an async wait ends before its time", () => {
  it.each([
    ["aborted", "by its signal", (_: Scene, controller: AbortController) => controller.abort()],
    ["closed", "when its endpoint is unreserved", ({ cookies }: Scene) => cookies[0].unreserve()],
    ["closed", "when its guest detaches", ({ guest }: Scene) => guest.detach()],
  ])("%s %s", async (outcome, _, end) => {
    const scene = new Scene();
    const controller = new AbortController();
    const wait = scene.cookies[0].rx.waitReadableAsync(LONG, { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 20));
    end(scene, controller);
    // At once: a timer of 0 ms is too late.
    expect(await Promise.race([wait, new Promise((resolve) => setTimeout(resolve, 0, "late"))])).toBe(outcome);
  });

  it("leaves the others waiting", async () => {
    const scene = new Scene();
    const [first, second] = scene.cookies;
    const controller = new AbortController();
    const aborted = first.rx.waitReadableAsync(LONG, { signal: controller.signal });
    const waits = [first.rx.waitReadableAsync(LONG), second.rx.waitReadableAsync(LONG)];
    setTimeout(() => controller.abort());
    expect(await aborted).toBe("aborted");
    setTimeout(() => first.unreserve());
    expect(await waits[0]).toBe("closed");
    attach(scene.handle).reserve(1).tx.write(new Uint8Array());
    expect(await waits[1]).toBe("ready");
  });
});

describe("a thread that is blocked", () => {
  it.each([
    ["unreserve", ({ cookies }: Scene) => cookies[0].unreserve(), ({ guest }: Scene) => guest],
    ["detach", ({ guest }: Scene) => guest.detach(), ({ hypervisor }: Scene) => attach(hypervisor.guest(0))],
  ])("is not disturbed by its peer's %s, and is served by the next owner", async (_, leave, next) => {
    const scene = new Scene();
    scene.start(["readable", LONG, PARK]);
    await scene.parked();
    leave(scene);
    const { tx } = next(scene).reserve(0);
    await scene.parked();
    expect(tx.write(Uint8Array.of(7))).toBe(true);
    expect(await scene.report()).toMatchObject({
      outcome: "ready",
      message: 7,
      links: [{ session: 0 }, { session: 0 }],
    });
  });

  it("in guest.wait is woken by a ring, of either line", async () => {
    const scene = new Scene();
    scene.start(["interrupt", LONG], ["interrupt", LONG]);
    for (const cookie of scene.cookies) {
      await scene.parked();
      cookie.notify();
      expect(await scene.report()).toMatchObject({ outcome: 1 });
    }
  });

  it("looks at its lines before long, should a peer have died while it rang", async () => {
    const scene = new Scene();
    scene.start(["interrupt", LONG]);
    await scene.parked();
    ringHalfway(scene.handle);
    const { outcome, elapsed } = await scene.report();
    expect(outcome).toBe(1);
    expect(elapsed).toBeLessThan(2000);
  });

  it("is woken at once, not at the end of a slice of its sleep", async () => {
    const scene = new Scene();
    const times = 15;
    scene.start(...new Array<Wait>(times).fill(["readable", LONG]));
    const delays: number[] = [];
    for (let i = 0; i < times; i++) {
      await scene.parked();
      const before = performance.now();
      scene.cookies[0].tx.write(Uint8Array.of(i));
      expect(await scene.report()).toMatchObject({ outcome: "ready", message: i });
      delays.push(performance.now() - before);
    }
    expect(delays.sort((a, b) => a - b)[(times - 1) / 2]).toBeLessThan(60);
  });

  it("masks its line while it spins, unmasks it before it parks", async () => {
    const scene = new Scene();
    const [{ tx }] = scene.cookies;
    const rings = () => scene.cookies[0].rings;
    scene.start(["readable", LONG, SPIN], ["readable", LONG], ["readable", LONG, PARK]);
    await scene.spinning();
    tx.write(Uint8Array.of(1));
    expect(await scene.report()).toMatchObject({ outcome: "ready", message: 1 });
    expect(rings()).toBe(0);
    for (const message of [2, 3]) {
      await scene.parked();
      tx.write(Uint8Array.of(message));
      expect(await scene.report()).toMatchObject({ outcome: "ready", message });
      expect(rings()).toBe(message - 1);
    }
  });

  it.each([
    ["on another endpoint", ["readable", LONG, PARK] as const],
    ["on another endpoint, spinning", ["readable", LONG, SPIN] as const],
    ["for interrupts", ["interrupt", LONG] as const],
  ])("waiting %s still answers a reset", async (_, wait) => {
    const scene = new Scene();
    const [first, second] = scene.cookies;
    const isInterrupt = wait[0] === "interrupt";
    scene.start(...new Array<Wait>(isInterrupt ? 10 : 1).fill(wait));
    await (wait[2] === SPIN ? scene.spinning() : scene.parked());
    second.reset();
    expect(await second.waitEstablishedAsync(LONG)).toBe("ready");
    expect(second.session).toBe(1);
    if (isInterrupt) return;
    first.tx.write(Uint8Array.of(9));
    const { outcome, links } = await scene.report();
    expect(outcome).toBe("ready");
    expect(links[0]).toEqual({ state: "established", session: 0 });
    expect(links[1]).toMatchObject({ session: 1 });
  });
});

describe("a thread that listens", () => {
  it("still gets its interrupts after it has blocked", async () => {
    const scene = new Scene();
    const [{ tx }] = scene.cookies;
    const thread = new Thread("listener.mjs", scene.handle, { watch: [scene.handle] });
    expect(await thread.hear()).toBe("listening");
    tx.write(Uint8Array.of(1));
    expect(await thread.hear()).toEqual(["handler", 1]);
    thread.tell("block");
    await scene.spinning();
    // Both come while the line is masked; the wait takes one.
    tx.getNextFrame(0)?.fill(2);
    tx.getNextFrame(1)?.fill(3);
    tx.advance(2);
    expect(await thread.hear()).toEqual(["ready", 2]);
    expect(await thread.hear()).toEqual(["handler", 3]);
    tx.write(Uint8Array.of(4));
    expect(await thread.hear()).toEqual(["handler", 4]);
  });
});
