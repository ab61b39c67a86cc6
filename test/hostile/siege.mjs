/** The siege of memory.mjs: the victim, who is this thread, its honest friend, its memory, and the worker that besieges it. */
import { Worker } from "node:worker_threads";
import { call, callAll, VERBS } from "./victim.mjs";

const CALLS_A_ROUND = 50_000;
/** Frames that go each way on each channel after a round. */
const FRAMES = 300;
/**
 * Words of `control`: how often the worker was told to go or to stop (odd: go), the last of these orders for which it
 * stopped, and how much it has written.
 */
const [ORDER, STOPPED, MILLIONS, WORDS] = [0, 1, 2, 3];
/** Bytes of nobody before and after the queues of the bare channel. */
const GAP = 256;

const at = process.argv.indexOf("--seed");
export const seed = at < 0 ? Date.now() % 2 ** 31 : Number(process.argv[at + 1]);
let state = seed | 1;
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

/** A step of the handshake: what brings a link back. */
const STEP = VERBS.ends.find(([name]) => name === "notified");

export function must(holds, what) {
  if (!holds) throw new Error(`expected ${what}`);
}

/** Frames with numbers in them, first in, first out. */
class Traffic {
  sent = 0;
  received = 0;

  constructor(from, to) {
    this.from = from;
    this.to = to;
    this.words = new Int32Array(from.frameSize / 4);
    this.bytes = new Uint8Array(this.words.buffer);
  }

  /** Sends and receives some frames. */
  move(most) {
    for (let i = 0; i < most && this.from.tx.write(this.stamp(this.sent)); i++) this.sent++;
    for (let i = 0; i < most && this.to.rx.read(this.bytes); i++) {
      must(
        this.words.every((word) => word === this.received),
        `frame ${this.received}, got ${this.words[0]}, or torn`,
      );
      this.received++;
    }
  }

  stamp(number) {
    this.words.fill(number);
    return this.bytes;
  }
}

/** Frames both ways between two ends, whose link was just reset. */
function converse(one, other) {
  const ways = [new Traffic(one, other), new Traffic(other, one)];
  for (let turn = 0; turn < 100 * FRAMES && ways.some((way) => way.received < FRAMES); turn++) {
    for (const way of ways) way.move(1 + random(one.nframes));
  }
  for (const way of ways) must(way.received >= FRAMES, `${FRAMES} frames, got ${way.received}`);
}

/** Everything of one run, on one copy of the package. */
export class Siege {
  calls = 0;
  rounds = 0;
  recoveries = 0;
  frames = 0;

  constructor(ivc) {
    this.ivc = ivc;
    const { Hypervisor, attach } = ivc;
    this.hypervisor = new Hypervisor({
      queues: [
        { id: 0, peers: [0, 1], nframes: 4, frameSize: 64 },
        { id: 1, peers: [1, 0], nframes: 3, frameSize: 128 },
        { id: 2, peers: [0, 2], nframes: 4, frameSize: 64 },
      ],
    });
    this.guest = attach(this.hypervisor.guest(0));
    this.cookies = [this.guest.reserve(0), this.guest.reserve(1)];
    const third = attach(this.hypervisor.guest(2)).reserve(2);
    const own = this.guest.reserve(2);
    this.thirdGuest = third.guest;
    this.honest = [new Traffic(own, third), new Traffic(third, own)];
    this.openBare();
    this.peerHandle = this.hypervisor.guest(1);
    this.peer = attach(this.peerHandle);
    this.startWorker();
  }

  openBare() {
    const nframes = 5;
    const bytes = 0x80 + nframes * 64;
    this.bareBuffer = new SharedArrayBuffer(3 * GAP + 2 * bytes + ((-2 * bytes) & 63));
    const [a, b] = [GAP, 2 * GAP + bytes - (bytes & 63)].map((byteOffset) => ({ buffer: this.bareBuffer, byteOffset }));
    const geometry = { nframes, frameSize: 64, notify: () => undefined };
    this.bare = new this.ivc.IvcChannel({ rx: a, tx: b, ...geometry });
    this.bareAgain = () => new this.ivc.IvcChannel({ rx: b, tx: a, ...geometry });
    this.bareQueues = [a, b].map((place) => ({ ...place, byteLength: bytes }));
    const all = new Uint8Array(this.bareBuffer);
    this.canaries = [
      [0, a.byteOffset],
      [a.byteOffset + bytes, b.byteOffset],
      [b.byteOffset + bytes, all.length],
    ].map(([from, to]) => all.subarray(from, to).fill(0xa5));
  }

  startWorker() {
    this.control = new Int32Array(new SharedArrayBuffer(16));
    Atomics.store(this.control, STOPPED, -1);
    const { area, peerWake } = this.peerHandle.pairs[0];
    const areas = [{ buffer: area, byteOffset: 0, byteLength: area.byteLength }, ...this.bareQueues];
    const [rx, tx] = [1, 2];
    const inQueue = { published: 0x00 / 4, state: 0x04 / 4, consumed: 0x40 / 4 };
    const { published, state: states, consumed } = inQueue;
    const aims = [
      { area: rx, theirs: published, own: consumed, states },
      { area: tx, theirs: consumed, own: published, states },
    ];
    // As src/hypervisor/areas.ts lays them out.
    for (const { channel, rxOffset, txOffset } of this.peerHandle.endpoints) {
      const packed = (2 + 3 * channel + 2) * 16;
      for (const base of [rxOffset / 4, txOffset / 4]) {
        aims.push({ area: 0, theirs: base + published, own: base + consumed, states: packed });
        aims.push({ area: 0, theirs: base + consumed, own: base + published, states: packed });
      }
    }
    this.worker = new Worker(new URL("scribbler.mjs", import.meta.url), {
      workerData: { control: this.control.buffer, areas, aims, wakes: [peerWake, this.peerHandle.wake], seed },
    });
    this.worker.on("error", (error) => {
      console.error(error);
      process.exit(1);
    });
    this.awaitStop();
  }

  /** Tells the worker what comes next: to go, or to stop. */
  next() {
    Atomics.add(this.control, ORDER, 1);
    Atomics.notify(this.control, ORDER);
  }

  awaitStop() {
    const order = Atomics.load(this.control, ORDER);
    for (;;) {
      const stopped = Atomics.load(this.control, STOPPED);
      if (stopped === order) return;
      Atomics.wait(this.control, STOPPED, stopped, 1000);
    }
  }

  /** Calls under fire, then peace: the peer comes back and finds what it left. */
  async round() {
    this.next();
    for (let i = 0; i < CALLS_A_ROUND; i++) this.oneCall(i);
    const cookie = this.cookies[random(2)];
    await callAll(VERBS.async, cookie, cookie.channel);
    this.calls += VERBS.async.length;
    if (random(4) === 0) this.reattach();
    this.rounds++;
    this.next();
    this.awaitStop();
    for (const canary of this.canaries)
      must(
        canary.every((byte) => byte === 0xa5),
        "the canaries to live",
      );
    this.recover();
  }

  /** Helps the worker, which cannot aim at what is private: values beside the true counts, and states that let frames move. */
  tempt({ tx, rx, states }) {
    const beside = random(13) - 6;
    if (random(2)) Atomics.store(tx.queue.words, 0x40 / 4, (tx.count + beside) | 0);
    else Atomics.store(rx.queue.words, 0, (rx.count + beside) | 0);
    if (random(4)) return;
    if (states.word) Atomics.store(states.word, 0, random(16));
    else Atomics.store(rx.queue.words, 1, random(3));
  }

  oneCall(i) {
    if (i & 1) this.tempt([this.bare, this.cookies[0].channel, this.cookies[1].channel][random(3)]);
    const which = random(8);
    // Every other round, sessions are long.
    const ends = this.rounds & 1 && random(50) ? VERBS.data : VERBS.ends;
    if (which < 3) {
      if (this.bare.state !== "established") call(STEP, this.bare, this.bare);
      call(ends[random(ends.length)], this.bare, this.bare);
    } else {
      const cookie = this.cookies[which & 1];
      if (cookie.state !== "established" && i & 1) call(STEP, cookie, cookie.channel);
      const table = i % 5000 === 0 ? VERBS.slow : random(ends === VERBS.data ? 40 : 4) ? ends : VERBS.cookies;
      call(table[random(table.length)], cookie, cookie.channel);
      if (i % 1000 === 999) this.reopen(which & 1);
    }
    this.calls++;
    if (i % 16 !== 0) return;
    this.honest[random(2)].move(4);
    if (i % 4096 === 0) this.thirdGuest.poll();
  }

  /** A clean unreserve and reserve, under fire: the positions go over by the guest's own bytes. */
  reopen(index) {
    const { id, channel } = this.cookies[index];
    this.cookies[index].unreserve();
    const cookie = this.guest.reserve(id);
    this.cookies[index] = cookie;
    must(cookie.channel.tx.position === channel.tx.position, "the tx position to be handed over");
    must(cookie.channel.rx.position === channel.rx.position, "the rx position to be handed over");
  }

  /** The victim itself goes, and comes back with a new handle. */
  reattach() {
    this.guest.detach();
    this.guest = this.ivc.attach(this.hypervisor.guest(0));
    this.cookies = [this.guest.reserve(0), this.guest.reserve(1)];
    this.honest[0].from = this.honest[1].to = this.guest.reserve(2);
  }

  recover() {
    const { attach, guestDown } = this.ivc;
    if (random(2)) this.peer.detach();
    else must(guestDown(this.peerHandle), "the peer to have been attached");
    this.peerHandle = this.hypervisor.guest(1);
    this.peer = attach(this.peerHandle);
    const byInterrupts = this.rounds % 16 === 0;
    for (const cookie of this.cookies) {
      if (cookie.loopback) cookie.setLoopback(false);
      this.guest.enableIrq(cookie.irq);
      this.establish(cookie, this.peer.reserve(cookie.id), byInterrupts);
    }
    this.establish(this.bare, this.bareAgain(), false);
    for (const way of this.honest) {
      for (let turn = 0; way.received < way.sent && turn < 100; turn++) way.move(4);
      must(way.received === way.sent, "every frame of the honest channel");
    }
  }

  establish(own, other, byInterrupts) {
    own.reset();
    const deadline = performance.now() + 5000;
    while (own.state !== "established" || other.state !== "established") {
      must(performance.now() < deadline, `a link, got ${own.state} and ${other.state}`);
      for (const end of [other, own]) {
        if (byInterrupts) end.guest.poll();
        else end.notified();
      }
    }
    if (own !== this.bare) must(!own.peerDown && !other.peerDown, "both ends to take each other for alive");
    if (byInterrupts) this.checkRing(own, other);
    converse(own, other);
    this.recoveries++;
    this.frames += 2 * FRAMES;
  }

  /** Whatever was written over the lines: a frame is heard of, at the latest when a slice of a sleep is over. */
  checkRing(own, other) {
    const guests = [own.guest, other.guest];
    for (let turn = 0; turn < 20 && guests.some((guest) => guest.poll() > 0); turn++);
    must(other.tx.write(new Uint8Array()), "room");
    must(own.guest.wait(1000) > 0, "a ring");
    must(own.rx.advance(), "a frame");
  }

  async end() {
    await this.worker.terminate();
    return Atomics.load(this.control, MILLIONS) * 1e6 + Atomics.load(this.control, WORDS);
  }
}
