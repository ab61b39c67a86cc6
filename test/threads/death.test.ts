import { attach, type GuestHandle, guestDown, Hypervisor, type IvcCookie } from "ivc-ring";
import { superviseWorker } from "ivc-ring/node";
import { afterAll, describe, expect, it } from "vitest";
import { Thread, until } from "./harness.ts";
import { command, talk } from "./workers/echo.mjs";
import { FRAME_SIZE } from "./workers/frames.mjs";
import { masked, ringHalfway } from "./workers/peek.mjs";

const newHypervisor = (): Hypervisor =>
  new Hypervisor({ queues: [{ id: 0, peers: [0, 1], nframes: 4, frameSize: FRAME_SIZE }] });

interface Way {
  readonly way: string;
  /** How many of the frames that it published last can still be read. Undefined: a reset may have lost them. */
  readonly will?: number;
  /** Whether the survivor terminates it, */
  readonly terminate?: boolean;
  /** once it sleeps. */
  readonly parks?: boolean;
  readonly resetFirst?: boolean;
}

const ways: readonly Way[] = [
  { way: "process.exit", will: 4 },
  { way: "uncaught throw", will: 4 },
  { way: "heap exhausted", will: 4 },
  { way: "normal end", will: 4 },
  { way: "terminated, parked", terminate: true, parks: true, will: 4 },
  { way: "terminated, spinning", terminate: true, will: 4 },
  { way: "terminated, listening", terminate: true, parks: true, will: 4 },
  { way: "terminated, in an async wait", terminate: true, parks: true, will: 4 },
  { way: "terminated, holding a frame to read", terminate: true, will: 4 },
  { way: "terminated, holding a frame to publish", terminate: true, will: 3 },
  { way: "in SYNC, at once" },
  { way: "in SYNC, its reset answered" },
  { way: "in ACK", resetFirst: true },
];

interface Report {
  readonly facts: object;
  readonly times: { readonly noticed: number; readonly again: number; readonly recovered: number };
}

const table: Record<string, string> = {};

afterAll(() => {
  const rows = Object.entries(table).map(([way, times]) => `  ${way.padEnd(50)}${times}`);
  console.info(
    ["ms from a worker's death to the survivor's knowing it / to traffic with its successor:", ...rows].join("\n"),
  );
});

describe.each(["on its event loop", "blocked"])("a survivor %s lives through the death of a worker", (kind) => {
  it.each(ways)("$way", async ({ way, will, ...rest }) => {
    const hypervisor = newHypervisor();
    const handles = [0, 1, 1].map((vmid) => hypervisor.guest(vmid));
    const resourceLimits = { maxOldGenerationSizeMb: 16 };
    const data = { kind, way, handles, resourceLimits, ...rest };
    const { facts, times } = await new Thread("survivor.mjs", data, { watch: handles.slice(0, 2) }).hear<Report>();
    expect(facts).toEqual({
      outcomes: ["peer-down", "peer-down", "peer-down"],
      unread: will ? "ready" : expect.any(String),
      will: will ?? expect.any(Number),
      peerDown: true,
      link: "ready",
      newSession: true,
      echoes: 150,
      lateNews: [false, false],
      afterDetach: [false, "timed-out"],
    });
    expect(times.again).toBeLessThan(1000);
    table[`${kind}: ${way}`] = `${times.noticed.toFixed(0).padStart(5)} / ${times.recovered.toFixed(0).padStart(5)}`;
  });
});

describe("what is a death, and what is not", () => {
  const readable = ({ rx }: IvcCookie) => rx.waitReadableAsync(10_000);

  /** A worker that has attached and reserved its end. */
  async function owner(handle: GuestHandle): Promise<Thread> {
    const thread = new Thread("owner.mjs", handle);
    for (const verb of ["attach", "reserve"]) {
      thread.tell(verb);
      expect(await thread.hear()).toBe(verb);
    }
    return thread;
  }

  it("is not: to end before attaching. A successor ends the wait that was meant for it", async () => {
    const hypervisor = newHypervisor();
    const cookie = attach(hypervisor.guest(0)).reserve(0);
    const handle = hypervisor.guest(1);
    const stillborn = new Thread("mortal.mjs", { handle, way: "before it attached" });
    superviseWorker(stillborn.worker, [handle]);
    const wait = readable(cookie);
    await stillborn.ended();
    expect(guestDown(handle)).toBe(false);
    expect(cookie.peerDown).toBe(false);
    new Thread("mortal.mjs", { handle: hypervisor.guest(1) });
    expect(await talk(cookie, 0, 10, () => wait.then(() => readable(cookie)))).toBe(10);
    expect(await wait).toBe("ready");
    expect(cookie.session).toBe(0);
  });

  it("is not: to detach before the end. A successor needs no reset", async () => {
    const hypervisor = newHypervisor();
    const cookie = attach(hypervisor.guest(0)).reserve(0);
    for (const first of [0, 10]) {
      const handle = hypervisor.guest(1);
      const thread = new Thread("mortal.mjs", { handle });
      superviseWorker(thread.worker, [handle]);
      expect(await talk(cookie, first, 10, () => readable(cookie))).toBe(10);
      command(cookie);
      await thread.ended();
      expect(guestDown(handle)).toBe(false);
      expect(cookie.peerDown).toBe(false);
      expect(await cookie.rx.waitReadableAsync(0)).toBe("timed-out");
    }
    expect(cookie.session).toBe(0);
  });

  it("is a ring, once, and frees what the dead guest held", async () => {
    const hypervisor = newHypervisor();
    const guest = attach(hypervisor.guest(0));
    const cookie = guest.reserve(0);
    const handle = hypervisor.guest(1);
    await (await owner(handle)).worker.terminate();
    guest.poll();
    expect(guest.poll()).toBe(0);
    expect(() => attach(hypervisor.guest(1))).toThrow(expect.objectContaining({ code: "EBUSY" }));
    expect(guestDown(handle)).toBe(true);
    expect(cookie.peerDown).toBe(true);
    expect(guest.poll()).toBe(1);
    expect(guestDown(handle)).toBe(false);
    expect(guest.poll()).toBe(0);

    const successor = attach(hypervisor.guest(1));
    expect(cookie.peerDown).toBe(false);
    expect(successor.reserve(0).state).toBe("sync");
    expect(guestDown(handle)).toBe(false);
    expect(cookie.peerDown).toBe(false);
    expect(() => successor.reserve(0)).toThrow(expect.objectContaining({ code: "EBUSY" }));
  });

  it("is known to whoever attaches after it", async () => {
    const hypervisor = newHypervisor();
    const handle = hypervisor.guest(1);
    const thread = await owner(handle);
    superviseWorker(thread.worker, [handle]);
    await thread.worker.terminate();
    await thread.ended();
    const cookie = attach(hypervisor.guest(0)).reserve(0);
    expect(cookie.peerDown).toBe(true);
    expect(await cookie.rx.waitReadableAsync(10_000)).toBe("peer-down");
    new Thread("mortal.mjs", { handle: hypervisor.guest(1) });
    expect(await cookie.waitEstablishedAsync(10_000)).toBe("ready");
    expect(await talk(cookie, 0, 10, () => readable(cookie))).toBe(10);
  });

  it("may come to successors too, while they still shake hands", async () => {
    const hypervisor = newHypervisor();
    const cookie = attach(hypervisor.guest(0)).reserve(0);
    // Of when the link was last established: the last worker's reset and its successor's may be answered as one.
    const { session } = cookie;
    for (let i = 0; i < 5; i++) {
      const handle = hypervisor.guest(1);
      const thread = await owner(handle);
      // On its turns this end answers, but the worker, which takes no interrupts, never completes the handshake.
      if (i % 2 === 1) cookie.guest.poll();
      superviseWorker(thread.worker, [handle]);
      await thread.worker.terminate();
      expect(await cookie.rx.waitReadableAsync(10_000)).toBe("peer-down");
    }
    new Thread("mortal.mjs", { handle: hypervisor.guest(1) });
    expect(await cookie.waitEstablishedAsync(10_000)).toBe("ready");
    expect(cookie.session).not.toBe(session);
    expect(await talk(cookie, 0, 10, () => readable(cookie))).toBe(10);
  });

  it("in the middle of a ring does not silence the line for the successor", async () => {
    const hypervisor = newHypervisor();
    const [survivor, first] = [hypervisor.guest(0), hypervisor.guest(1)];
    const spin = { spin: Number.POSITIVE_INFINITY };
    const waits = [
      ["readable", 20_000, spin],
      ["established", 20_000, spin],
    ];
    const spinning = new Thread("waiter.mjs", { handle: survivor, waits }, { watch: [survivor], deadline: 10_000 });
    const thread = await owner(first);
    await until(() => masked(survivor), "the survivor to spin", [survivor]);
    ringHalfway(survivor);
    await thread.worker.terminate();
    guestDown(first);
    expect(await spinning.hear()).toMatchObject({ outcome: "peer-down" });
    new Thread("mortal.mjs", { handle: hypervisor.guest(1) });
    expect(await spinning.hear()).toMatchObject({ outcome: "ready", links: [{ state: "established", session: 1 }] });
  });
});
