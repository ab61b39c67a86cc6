/** First in, first out, with nothing lost and nothing twice: the oracle is the array of messages itself. */
import { test } from "@fast-check/vitest";
import * as fc from "fast-check";
import { attach, type Guest, Hypervisor, IvcChannel, type IvcCookie } from "../../src/index.ts";
import { geometry, message, openedQueue, runs, TIMEOUT } from "./arbitraries.ts";
import { agree, agreeOnBytes, type Endpoint } from "./lockstep.ts";
import { type Geometry, QueueModel, queueSize } from "./model.ts";

interface Traffic {
  readonly geometry: Geometry;
  readonly messages: readonly Uint8Array[];
  /** What sender and receiver do in turns: how many frames at once, and whether in place. */
  readonly batches: readonly Batch[];
}

interface Batch {
  readonly frames: number;
  readonly inPlace: boolean;
}

const traffic: fc.Arbitrary<Traffic> = geometry.chain((geometry) =>
  fc.record({
    geometry: fc.constant(geometry),
    messages: fc.array(message(geometry.frameSize), { maxLength: 60, size: "max" }),
    batches: fc.array(fc.record({ frames: fc.integer({ min: 1, max: 12 }), inPlace: fc.boolean() }), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
);

function padded(data: Uint8Array, frameSize: number): Uint8Array {
  const frame = new Uint8Array(frameSize);
  frame.set(data);
  return frame;
}

/** Sends the messages one after the other. */
class Sender {
  private next = 0;
  private readonly traffic: Traffic;

  constructor(traffic: Traffic) {
    this.traffic = traffic;
  }

  /** Sends as many as are left, as a batch takes, and as there is room for. Whether that was any. */
  send({ tx }: Endpoint, { frames, inPlace }: Batch): boolean {
    const { messages, geometry } = this.traffic;
    const batch = messages.slice(this.next, this.next + Math.min(frames, tx.framesAvailable()));
    for (const [i, data] of batch.entries()) {
      if (inPlace) tx.getNextFrame(i)?.set(padded(data, geometry.frameSize));
      else agree("write", tx.write(data), true);
    }
    if (inPlace && batch.length > 0) agree("tx.advance", tx.advance(batch.length), true);
    this.next += batch.length;
    return batch.length > 0;
  }
}

/** Receives, and sees that each message is the one that was to come. */
class Receiver {
  private next = 0;
  private readonly traffic: Traffic;

  constructor(traffic: Traffic) {
    this.traffic = traffic;
  }

  receive({ rx }: Endpoint, { frames, inPlace }: Batch): void {
    const available = Math.min(frames, rx.framesAvailable());
    const { frameSize } = this.traffic.geometry;
    for (let i = 0; i < available; i++) {
      const into = new Uint8Array(frameSize);
      const frame = inPlace ? rx.getNextFrame(i) : rx.read(into) && into;
      agreeOnBytes(`message ${this.next}`, frame || new Uint8Array(), this.expected());
    }
    if (inPlace && available > 0) agree("rx.advance", rx.advance(available), true);
  }

  get done(): boolean {
    return this.next === this.traffic.messages.length;
  }

  private expected(): Uint8Array {
    const data = this.traffic.messages[this.next++];
    if (!data) throw new Error("more came than was sent");
    return padded(data, this.traffic.geometry.frameSize);
  }
}

/** Takes turns until all has arrived; whoever makes no progress for so long never will. */
function untilDone(
  { messages, batches }: Traffic,
  receiver: Receiver,
  turn: (send: Batch, receive: Batch) => void,
): void {
  const batch = (i: number): Batch => batches[i % batches.length] as Batch;
  for (let i = 0; !receiver.done; i++) {
    if (i > 10 * (messages.length + 10)) throw new Error("the rest never came");
    turn(batch(2 * i), batch(2 * i + 1));
  }
}

const start = traffic.chain((traffic) =>
  fc.record({ traffic: fc.constant(traffic), queue: openedQueue(traffic.geometry) }),
);

test.prop([start], runs(300))(
  "any interleaving of batches delivers every message once and in order",
  ({ traffic, queue }) => {
    const { geometry } = traffic;
    const size = queueSize(geometry);
    const buffer = new SharedArrayBuffer(2 * size);
    const count = queue.txCount;
    const empty = { ...queue, rxCount: count, rxPosition: queue.txPosition, txState: "established" } as const;
    new Uint8Array(buffer).set(new QueueModel(new Uint8Array(size), geometry, empty).bytes);
    const [used, unused] = [0, size].map((byteOffset) => ({ buffer, byteOffset })) as [never, never];
    const from = new IvcChannel({ tx: used, rx: unused, ...geometry });
    const to = new IvcChannel({ tx: unused, rx: used, ...geometry });
    const [sender, receiver] = [new Sender(traffic), new Receiver(traffic)];
    untilDone(traffic, receiver, (send, receive) => {
      sender.send(from, send);
      receiver.receive(to, receive);
    });
  },
  TIMEOUT,
);

interface Ends {
  readonly guests: readonly Guest[];
  readonly near: { readonly guest: Guest; readonly id: number };
  readonly far: { readonly guest: Guest; readonly id: number };
}

/** A channel between two guests of this thread, or of one guest with itself. */
function twoEnds({ geometry }: Traffic, vmids: readonly [number, number]): Ends {
  const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: vmids, ...geometry }] });
  const first = attach(hypervisor.guest(0));
  if (vmids[1] === 0) return { guests: [first], near: { guest: first, id: 0 }, far: { guest: first, id: 1 } };
  const second = attach(hypervisor.guest(1));
  return { guests: [first, second], near: { guest: first, id: 0 }, far: { guest: second, id: 0 } };
}

const vmids = fc.constantFrom<[number, number][]>([0, 1], [0, 0]);

test.prop([traffic, vmids], runs(200))(
  "interrupts alone keep both ends going: one fills in txReady, one drains in rxReady",
  (traffic, vmids) => {
    const { guests, near, far } = twoEnds(traffic, vmids);
    const [sender, receiver] = [new Sender(traffic), new Receiver(traffic)];
    let batch = 0;
    const next = (): Batch => traffic.batches[batch++ % traffic.batches.length] as Batch;
    // A full queue is what makes the peer ring: so all goes that can.
    const txReady = (cookie: IvcCookie): void => {
      while (sender.send(cookie, next()));
    };
    near.guest.reserve(near.id, { txReady });
    far.guest.reserve(far.id, { rxReady: (cookie) => receiver.receive(cookie, next()) });
    untilDone(traffic, receiver, () => {
      for (const guest of guests) guest.poll();
    });
  },
  TIMEOUT,
);

test.prop([traffic, vmids], runs(200))(
  "an end in loopback sends every message back whole and in order",
  (traffic, vmids) => {
    const { guests, near, far } = twoEnds(traffic, vmids);
    const cookie = near.guest.reserve(near.id);
    const mirror = far.guest.reserve(far.id);
    const [sender, receiver] = [new Sender(traffic), new Receiver(traffic)];
    sender.send(cookie, traffic.batches[0] as Batch);
    mirror.setLoopback(true);
    untilDone(traffic, receiver, (send, receive) => {
      sender.send(cookie, send);
      if (send.inPlace) mirror.performLoopback();
      else for (const guest of guests) guest.poll();
      receiver.receive(cookie, receive);
    });
  },
  TIMEOUT,
);
