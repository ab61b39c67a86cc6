/** A hypervisor and its two guests in one thread, beside the oracle of all their endpoints and lines. */

import { rxPositionIndex, txPositionIndex } from "../../src/hypervisor/areas.ts";
import {
  attach,
  type Guest,
  type GuestHandle,
  guestDown,
  Hypervisor,
  type IvcCookie,
  type QueueConfig,
  type WaitOutcome,
} from "../../src/index.ts";
import { pattern } from "./arbitraries.ts";
import { type Call, Line, type Manners, type Pending } from "./line.ts";
import { agree, agreeOnBytes, agreeOnOneOf, Disagreement, Lockstep, refuses } from "./lockstep.ts";
import { type Geometry, QueueModel, type QueueStart, queueSize } from "./model.ts";

export interface ChannelSetup {
  readonly geometry: Geometry;
  readonly peers: readonly [number, number];
  readonly queues: readonly [QueueStart, QueueStart];
}

export type Awaited = "readable" | "writable" | "established";

/** What a handler throws on purpose. */
class Oops extends Error {}

/** The service of a line under way: who must be called next. */
interface Service {
  readonly rung: Pending;
  expects: Call | undefined;
}

/** A guest and, while a thread is attached, its real side. */
interface GuestSide {
  readonly vmid: number;
  readonly lines: Line[];
  handle: GuestHandle;
  /** The handle that was used last. */
  former: GuestHandle | undefined;
  real: Guest | undefined;
  down: boolean;
  /** The services of the turn that is under way. */
  turn: Map<Line, Service> | undefined;
}

export class Machine {
  readonly guests: readonly GuestSide[];
  readonly lines: readonly Line[];
  private readonly hypervisor: Hypervisor;
  /** Pairs of bytes that shall be equal: the real queues and their models. */
  private readonly queues: { real: Uint8Array; model: QueueModel }[] = [];
  /** The call inside reserve. */
  private announced: Service | undefined;

  constructor(channels: readonly ChannelSetup[]) {
    const configs = channels.map(({ geometry, peers }, i): QueueConfig => ({ id: 2 * i, peers, ...geometry }));
    this.hypervisor = new Hypervisor({ queues: configs });
    this.guests = [0, 1].map((vmid) => ({
      vmid,
      lines: [],
      handle: this.hypervisor.guest(vmid),
      former: undefined,
      real: undefined,
      down: false,
      turn: undefined,
    }));
    this.lines = channels.flatMap((channel, i) => this.makeChannel(2 * i, channel));
  }

  /** Puts a channel in the state it shall be found in: counts and frames in memory, positions with the last owners. */
  private makeChannel(id: number, { geometry, peers, queues }: ChannelSetup): Line[] {
    const itself = peers[0] === peers[1];
    const models = queues.map((start) => new QueueModel(pattern(queueSize(geometry), id), geometry, start));
    const ends = ([0, 1] as const).map((side) => {
      const vmid = peers[side];
      const ours = [1 - side, side].map((queue) => models[queue] as QueueModel) as [QueueModel, QueueModel];
      const starts = [1 - side, side].map((queue) => queues[queue] as QueueStart);
      const line = new Line(id + (itself ? side : 0), vmid, itself, ours, starts);
      const guest = this.guest(vmid);
      guest.lines.push(line);
      this.handOver(guest.handle, line);
      return line;
    }) as [Line, Line];
    [ends[0].peer, ends[1].peer] = [ends[1], ends[0]];
    return ends;
  }

  private handOver({ endpoints, pairs, own }: GuestHandle, { id, model }: Line): void {
    const index = endpoints.findIndex((endpoint) => endpoint.id === id);
    const { pair, rxOffset } = endpoints[index] as GuestHandle["endpoints"][number];
    const { area } = pairs[pair] as GuestHandle["pairs"][number];
    const real = new Uint8Array(area, rxOffset, model.rx.bytes.byteLength);
    real.set(model.rx.bytes);
    this.queues.push({ real, model: model.rx });
    const words = new Int32Array(own);
    words[txPositionIndex(index)] = model.txPosition;
    words[rxPositionIndex(index)] = model.rxPosition;
  }

  guest(vmid: number): GuestSide {
    return this.guests[vmid] as GuestSide;
  }

  private real(vmid: number): Guest {
    return this.guest(vmid).real as Guest;
  }

  attach(vmid: number, heal: boolean): void {
    const guest = this.guest(vmid);
    guest.real = attach(guest.handle, { heal });
    guest.down = false;
  }

  detach(vmid: number): void {
    const guest = this.guest(vmid);
    for (const line of guest.lines) {
      line.release();
      line.abandon();
    }
    guest.real?.detach();
    this.forget(guest);
  }

  die(vmid: number): void {
    const guest = this.guest(vmid);
    for (const line of guest.lines) {
      line.abandon();
      line.peer.ring("link");
    }
    agree("guestDown", guestDown(guest.handle), true);
    agree("guestDown again", guestDown(guest.handle), false);
    guest.down = true;
    this.forget(guest);
  }

  private forget(guest: GuestSide): void {
    guest.real = undefined;
    guest.former = guest.handle;
    guest.handle = this.hypervisor.guest(guest.vmid);
  }

  reserve(line: Line, ops: Line["ops"], manners: Manners | undefined): void {
    line.ops = ops;
    if (manners) line.manners = manners;
    if (line.needsReset) line.model.reset();
    const callbacks = ops && {
      ...(ops.rx && { rxReady: (cookie: IvcCookie) => this.called(line, "rx", cookie) }),
      ...(ops.tx && { txReady: (cookie: IvcCookie) => this.called(line, "tx", cookie) }),
    };
    line.latch();
    const service: Service = { rung: "yes", expects: line.firstCall("yes") };
    if (line.handler) service.expects = undefined;
    this.announced = service;
    const cookie = this.real(line.vmid).reserve(line.id, callbacks);
    this.announced = undefined;
    agree("call inside reserve that did not come", service.expects, undefined);
    this.adopt(line, cookie);
  }

  private adopt(line: Line, cookie: IvcCookie): void {
    line.cookie ??= cookie;
    agree("cookie", cookie, line.cookie);
    line.lock ??= new Lockstep(cookie, line.model);
    line.irq = cookie.irq;
  }

  unreserve(line: Line): void {
    const { cookie } = line;
    line.release();
    cookie?.unreserve();
    agree("reserved", cookie?.reserved, false);
  }

  requestIrq(line: Line, manners: Manners): void {
    line.handler = true;
    line.manners = manners;
    line.latch();
    this.real(line.vmid).requestIrq(line.irq, (irq) => {
      agree("irq", irq, line.irq);
      this.called(line, "irq", line.cookie);
    });
  }

  freeIrq(line: Line): void {
    line.handler = false;
    this.real(line.vmid).freeIrq(line.irq);
  }

  disable(line: Line): void {
    line.disable();
    this.real(line.vmid).disableIrq(line.irq);
  }

  enable(line: Line): void {
    line.enable();
    this.real(line.vmid).enableIrq(line.irq);
  }

  notified(line: Line): void {
    line.stepModel();
    agree("notified", line.cookie?.notified(), line.model.established);
  }

  /** A wait that looks, perhaps spins, and gives up at once. */
  wait(line: Line, what: Awaited, timeout: number, spin: number): void {
    const { model } = line;
    const { cookie } = line as { cookie: IvcCookie };
    const wait = (): WaitOutcome => {
      if (what === "readable") return cookie.rx.waitReadable(timeout, { spin });
      return what === "writable"
        ? cookie.tx.waitWritable(timeout, { spin })
        : cookie.waitEstablished(timeout, { spin });
    };
    if (line.itself) {
      refuses("wait on oneself", "EINVAL", wait);
      return;
    }
    const outcome = wait();
    for (const other of this.guest(line.vmid).lines) other.stepInWait();
    line.waitedOn(timeout > 0 && spin > 0);
    const { down } = this.guest(line.peer.vmid);
    if (what === "established") {
      // It waits for the return of a peer that died as the owner; if that has begun, or others died, SPEC leaves it open.
      const { needsReset } = line.peer;
      const allowed = model.established ? [needsReset && down ? "timed-out" : "ready"] : ["timed-out"];
      if (model.established && needsReset !== down) allowed.push("timed-out");
      agreeOnOneOf("wait until established", outcome, allowed);
      return;
    }
    const ready = what === "readable" ? model.canRead() : model.canWrite() && !down;
    agree(`wait until ${what}`, outcome, ready ? "ready" : down ? "peer-down" : "timed-out");
  }

  /** One turn of a guest; how many lines it served. */
  poll(vmid: number): number {
    const guest = this.guest(vmid);
    for (const line of guest.lines) line.beginTurn();
    const due = guest.lines.map((line) => ({ line, due: line.due })).filter(({ due }) => due !== "no");
    const turn = new Map<Line, Service>();
    guest.turn = turn;
    let served: number | undefined;
    try {
      served = this.real(vmid).poll();
    } catch (error) {
      if (!(error instanceof Oops)) throw error;
    }
    guest.turn = undefined;
    const completed = served !== undefined;
    const unheard = due.filter(({ line }) => !turn.has(line));
    const unsure = unheard.filter(({ line, due }) => !this.servedUnheard(line, due, turn, completed)).length;
    for (const line of guest.lines) line.endTurn();
    for (const [line, { rung, expects }] of turn) {
      if (expects && rung === "yes") throw new Disagreement(`${expects} of endpoint ${line.id} was not called`);
    }
    if (served !== undefined && (served < turn.size || served > turn.size + unsure)) {
      throw new Disagreement(`poll: got ${served}, expected ${turn.size}…${turn.size + unsure}`);
    }
    return served ?? 1;
  }

  /** What becomes of a line that was due, and nobody was called for it. Whether it was served for sure. */
  private servedUnheard(line: Line, due: Pending, turn: Map<Line, Service>, completed: boolean): boolean {
    const mustBe = completed && due === "yes";
    const echoed = line.cookie?.dump().rx.rxCount !== line.model.rx.rxCount;
    if (mustBe || line.lock?.inStep === false || (line.lock && echoed)) {
      this.begin(line, turn);
      return true;
    }
    if (!completed && line.silent) line.mayHaveBeenServed();
    return false;
  }

  private begin(line: Line, turn: Map<Line, Service>): Service {
    const rung = line.serve();
    const service: Service = { rung, expects: line.firstCall(rung) };
    turn.set(line, service);
    return service;
  }

  /** A handler is called: is it its turn, and does everything look as it should? Then it does what it does. */
  private called(line: Line, call: Call, cookie: IvcCookie | undefined): void {
    const { turn } = this.guest(line.vmid);
    const service = turn ? (turn.get(line) ?? this.begin(line, turn)) : this.announced;
    agree(`call for endpoint ${line.id}`, call, service?.expects);
    if (!service) return;
    service.expects = undefined;
    if (!cookie) return;
    this.adopt(line, cookie);
    line.lock?.check();
    const consumedBefore = line.model.rx.rxCount;
    try {
      this.behave(line, call, turn !== undefined);
    } finally {
      line.handled(line.model.rx.rxCount !== consumedBefore);
    }
    if (call === "rx") service.expects = line.txCall(service.rung);
  }

  private behave(line: Line, call: Call, inTurn: boolean): void {
    const lock = line.lock as Lockstep;
    const manners = line.manners as Manners;
    const { frameSize } = lock.real;
    if (manners.notifiedAgain) this.notified(line);
    if (call !== "tx") {
      if (manners.batch) lock.lookBatch(Math.min(manners.takes, lock.real.nframes));
      else for (let i = 0; i < manners.takes && lock.read(frameSize); i++);
    }
    if (call !== "rx") for (let i = 0; i < manners.sends; i++) lock.write(pattern(frameSize, i));
    if (!inTurn) return;
    if (manners.masks) this.disable(line);
    if (manners.unreserves) this.unreserve(line);
    if (manners.throws) throw new Oops();
  }

  /** What shall hold between any two commands. */
  check(): void {
    for (const { real, model } of this.queues) agreeOnBytes("queue", real, model.bytes);
    for (const { cookie, lock, model, peer } of this.lines) {
      if (!cookie || !lock) continue;
      lock.check();
      agree("reserved", cookie.reserved, true);
      agree("loopback", cookie.loopback, model.loopback);
      agree("peerDown", cookie.peerDown, this.guest(peer.vmid).down);
      if (!model.established) continue;
      const { tx, rx } = cookie.dump();
      agree("tx position", tx.position, model.txPosition);
      agree("rx position", rx.position, model.rxPosition);
    }
  }
}
