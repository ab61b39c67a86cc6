import { attach, createChannel, type GuestHandle, Hypervisor, type IvcCookie, openChannel } from "ivc-ring";
import { describe, expect, it } from "vitest";
import { Thread } from "./harness.ts";
import { command, talk } from "./workers/echo.mjs";
import { check, FRAME_SIZE, wordsOf } from "./workers/frames.mjs";
import { setCounts } from "./workers/peek.mjs";

const newHypervisor = (nframes = 3): Hypervisor =>
  new Hypervisor({ queues: [{ id: 5, peers: [0, 1], nframes, frameSize: FRAME_SIZE }] });

/** A worker that has the handle, and obeys: what it answers is the verb, or the code of an error. */
function owner(handle: GuestHandle): (verb: string) => Promise<string> {
  const thread = new Thread("owner.mjs", handle);
  return (verb) => {
    thread.tell(verb);
    return thread.hear();
  };
}

const error = (code: string) => expect.objectContaining({ code });

describe("a guest is attached by one thread at a time", () => {
  it("refuses the second thread until the first has detached", async () => {
    const hypervisor = newHypervisor();
    const first = owner(hypervisor.guest(1));
    const second = owner(hypervisor.guest(1));
    expect(await first("attach")).toBe("attach");
    expect(await second("attach")).toBe("EBUSY");
    expect(() => attach(hypervisor.guest(1))).toThrow(error("EBUSY"));
    expect(await first("detach")).toBe("detach");
    expect(await second("attach")).toBe("attach");
    expect(await first("attach")).toBe("EBUSY");
  });

  it("refuses a handle that another thread has used", async () => {
    const handle = newHypervisor().guest(1);
    const first = owner(handle);
    expect(await first("attach")).toBe("attach");
    expect(() => attach(handle)).toThrow(error("EBUSY"));
    expect(await first("detach")).toBe("detach");
    expect(() => attach(handle)).toThrow(error("EINVAL"));
  });

  it("lets one of two threads win that attach by one handle at once", async () => {
    const handle = newHypervisor().guest(1);
    const owners = [owner(handle), owner(handle)];
    const answers = await Promise.all(owners.map((tell) => tell("attach")));
    expect(answers.sort()).toEqual(["EBUSY", "attach"]);
  });
});

describe("an endpoint is reserved by one owner at a time", () => {
  it("refuses a second reservation within the thread", async () => {
    const guest = attach(newHypervisor().guest(0));
    const cookie = guest.reserve(5);
    expect(() => guest.reserve(5)).toThrow(error("EBUSY"));
    cookie.unreserve();
    expect(guest.reserve(5).state).toBe("established");
  });

  it("lets the peer keep its own end", async () => {
    const hypervisor = newHypervisor();
    const worker = owner(hypervisor.guest(1));
    expect(await worker("attach")).toBe("attach");
    expect(await worker("reserve")).toBe("reserve");
    expect(await worker("reserve")).toBe("EBUSY");
    expect(attach(hypervisor.guest(0)).reserve(5).state).toBe("established");
    expect(await worker("unreserve")).toBe("unreserve");
    expect(await worker("reserve")).toBe("reserve");
  });
});

describe("a guest that detached can be attached from another thread, and goes on", () => {
  /** Receives the frames `first`…`end − 1`. */
  async function receive(cookie: IvcCookie, first: number, end: number): Promise<void> {
    const frame = new Uint8Array(FRAME_SIZE);
    for (let seq = first; seq < end; seq++) {
      expect(await cookie.rx.waitReadableAsync(10_000)).toBe("ready");
      cookie.rx.read(frame);
      check(wordsOf(frame), seq);
    }
  }

  // Counters mod 3 would give another slot than the one in use once a counter has wrapped, so slots must be handed over.
  it.each([
    ["from memory that is new", 0],
    ["across the wrap of the counters", 2 ** 32 - 40],
  ])("%s", async (_, count) => {
    const hypervisor = newHypervisor();
    setCounts(hypervisor.guest(0), count);
    const send = 25;
    let received = 0;
    for (const first of [0, 25, 50, 75]) {
      // Both ends change hands, with two frames unread.
      const sender = new Thread("stream.mjs", { handle: hypervisor.guest(1), first, send });
      const cookie = attach(hypervisor.guest(0)).reserve(5);
      await receive(cookie, received, first + send - 2);
      received = first + send - 2;
      expect(await sender.hear()).toEqual({ sent: send, received: 0 });
      expect(cookie.rx.framesAvailable()).toBe(2);
      expect(cookie.session).toBe(0);
      cookie.guest.detach();
    }
    const cookie = attach(hypervisor.guest(0)).reserve(5);
    await receive(cookie, received, 100);
    expect(cookie.rx.canRead()).toBe(false);
    expect(cookie.dump().rx).toMatchObject({ txCount: (count + 100) % 2 ** 32, rxCount: (count + 100) % 2 ** 32 });
  });
});

it("a wait on an endpoint given up is closed, and takes no ring from the guest's next owner", () => {
  const hypervisor = newHypervisor();
  const peer = attach(hypervisor.guest(0)).reserve(5);
  const former = attach(hypervisor.guest(1)).reserve(5);
  former.guest.detach();
  const { guest } = attach(hypervisor.guest(1)).reserve(5);
  guest.poll();
  peer.notify();
  expect(former.rx.waitReadable(1000)).toBe("closed");
  expect(former.tx.waitWritable(1000, { spin: 0 })).toBe("closed");
  expect(guest.poll()).toBe(1);
});

describe("createChannel and openChannel", () => {
  it("make a channel between this thread and a worker", async () => {
    const [mine, theirs] = createChannel({ nframes: 4, frameSize: FRAME_SIZE });
    const thread = new Thread("mortal.mjs", { handle: theirs }, { watch: [mine, theirs] });
    const end = openChannel(mine);
    expect(await talk(end, 0, 100, () => end.rx.waitReadableAsync(10_000))).toBe(100);
    command(end);
    await thread.ended();
    expect(end.peerDown).toBe(false);
    expect(() => openChannel(theirs)).toThrow(error("EINVAL"));
  });

  it("have defaults, and take ops", async () => {
    const [mine, theirs] = createChannel();
    const thread = new Thread("mortal.mjs", { handle: theirs }, { watch: [mine, theirs] });
    const echo = new Promise<Uint8Array>((resolve) => {
      const end = openChannel(mine, {
        rxReady: ({ rx }) => {
          const frame = new Uint8Array(end.frameSize);
          rx.read(frame);
          end.guest.stopListening();
          resolve(frame);
        },
      });
      expect([end.nframes, end.frameSize]).toEqual([64, 1024]);
      end.guest.listen();
      end.tx.write(Uint8Array.of(42));
    });
    expect((await echo)[0]).toBe(42);
    await thread.worker.terminate();
  });
});
