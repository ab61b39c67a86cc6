/** Everything that can be done with two guests and their channels, as commands. */
import * as fc from "fast-check";
import { attach, guestDown } from "../../src/index.ts";
import { handedOverQueue } from "./arbitraries.ts";
import type { Line, Manners } from "./line.ts";
import { agree, refuses } from "./lockstep.ts";
import { type Awaited, type ChannelSetup, Machine } from "./machine.ts";
import type { Geometry } from "./model.ts";
import { Step, verbs } from "./verbs.ts";

/** Who takes the interrupts of a line. */
interface Service {
  readonly by: "nobody" | "handler" | "rx" | "tx" | "both";
  readonly manners: Manners;
}

export interface MachineSetup {
  readonly channels: readonly ChannelSetup[];
  /** For each line, two of each channel. */
  readonly services: readonly Service[];
  readonly heal: boolean;
  /** Whether guests may detach and die in this run. */
  readonly mortal: boolean;
}

const geometry: fc.Arbitrary<Geometry> = fc.record({
  nframes: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 6 }) }, fc.constant(13)),
  frameSize: fc.constantFrom(64, 128),
});

function channel(...peers: [number, number][]): fc.Arbitrary<ChannelSetup> {
  return geometry.chain((geometry) =>
    fc.record({
      geometry: fc.constant(geometry),
      peers: fc.constantFrom(...peers),
      queues: fc.tuple(handedOverQueue(geometry), handedOverQueue(geometry)),
    }),
  );
}

const seldom = fc.nat(9).map((one) => one === 9);

const service: fc.Arbitrary<Service> = fc.record({
  by: fc.constantFrom("nobody", "handler", "handler", "rx", "tx", "both", "both"),
  manners: fc.record({
    takes: fc.nat(3),
    batch: fc.boolean(),
    sends: fc.nat(2),
    notifiedAgain: seldom,
    masks: seldom,
    unreserves: seldom,
    throws: seldom,
  }),
});

/** One or two channels between the guests, in one of three runs also one of guest 0 with itself. */
export const machineSetup: fc.Arbitrary<MachineSetup> = fc
  .tuple(
    fc.array(channel([0, 1], [1, 0]), { minLength: 1, maxLength: 2 }),
    fc.oneof(fc.constant([]), fc.constant([]), fc.tuple(channel([0, 0]))),
  )
  .map(([between, itself]) => [...between, ...itself])
  .chain((channels) =>
    fc.record({
      channels: fc.constant(channels),
      services: fc.array(service, { minLength: 2 * channels.length, maxLength: 2 * channels.length }),
      heal: fc.boolean(),
      mortal: fc.boolean(),
    }),
  );

/** Everything attached and reserved. */
export function start({ channels, services, heal }: MachineSetup): Machine {
  const machine = new Machine(channels);
  for (const { vmid } of machine.guests) comeBack(machine, vmid, heal, services);
  return machine;
}

function comeBack(machine: Machine, vmid: number, heal: boolean, services: readonly Service[]): void {
  machine.attach(vmid, heal);
  for (const [i, line] of machine.lines.entries()) {
    if (line.vmid === vmid) reserve(machine, line, services[i] as Service);
  }
}

/** Lines of a guest with itself have handlers only: so each of their services is seen. */
function reserve(machine: Machine, line: Line, { by, manners }: Service): void {
  const ops = by === "nobody" || by === "handler" || line.itself || line.handler ? undefined : by;
  machine.reserve(line, ops && { rx: ops !== "tx", tx: ops !== "rx" }, line.handler ? undefined : manners);
  if ((by === "handler" || line.itself) && !line.handler) machine.requestIrq(line, manners);
}

/** Turns of both guests until nothing is pending; none may go on for ever. */
function settle(machine: Machine, rounds: number): boolean {
  for (let round = 0; round < rounds; round++) {
    const served = machine.guests.map(({ vmid, real }) => (real ? machine.poll(vmid) : 0));
    if (served.every((lines) => lines === 0)) return true;
  }
  return false;
}

const GREEDY: Manners = {
  takes: 1,
  batch: false,
  sends: 0,
  notifiedAgain: false,
  masks: false,
  unreserves: false,
  throws: false,
};
/** More turns than it takes to drain the largest ring one by one, and to reset besides. */
const MANY = 40;

/** However a run ended: if all take their interrupts, every link comes up and every frame arrives. */
export function finish(machine: Machine): void {
  for (const { vmid, real } of machine.guests) if (!real) machine.attach(vmid, true);
  for (const line of machine.lines) {
    line.manners = GREEDY;
    if (line.ops && !line.ops.rx) machine.unreserve(line);
    if (!line.lock) reserve(machine, line, { by: "rx", manners: GREEDY });
    if (!line.ops && !line.handler) machine.requestIrq(line, GREEDY);
    if (line.model.loopback) setLoopback(line, false);
    machine.enable(line);
  }
  for (const line of machine.lines) notify(line);
  agree("everything comes to rest", settle(machine, MANY), true);
  for (const line of machine.lines) {
    agree(`endpoint ${line.id} is established`, line.model.established, true);
    agree(`frames for endpoint ${line.id}`, line.model.rx.frames.length, 0);
    agree(`ring for endpoint ${line.id}`, line.due === "yes", false);
  }
  machine.check();
}

function notify(line: Line): void {
  line.cookie?.notify();
  line.peer.ring("link");
}

function setLoopback(line: Line, on: boolean): void {
  if (line.model.loopback !== on) line.setLoopback(on);
  line.cookie?.setLoopback(on);
}

/** What must be refused, whatever the state, and change nothing. */
function mistakes(machine: Machine, line: Line): void {
  const guest = machine.guest(line.vmid);
  const { real, former, handle } = guest;
  if (former) agree("guestDown comes late", guestDown(former), false);
  if (!real) {
    agree("guestDown of a guest that is not attached", guestDown(handle), false);
    return;
  }
  refuses("attach twice", "EBUSY", () => attach(structuredClone(handle)));
  refuses("reserve what is not there", "ENODEV", () => real.reserve(99));
  refuses("a line that is not there", "EINVAL", () => real.disableIrq(guest.lines.length + 1));
  if (line.lock) refuses("reserve twice", "EBUSY", () => real.reserve(line.id));
  else if (line.handler) refuses("ops beside a handler", "EBUSY", () => real.reserve(line.id, {}));
  if (line.handler || line.ops) refuses("a second handler", "EBUSY", () => real.requestIrq(line.irq, () => undefined));
  if (!line.handler) refuses("free no handler", "EINVAL", () => real.freeIrq(line.irq));
  if (!line.model.loopback && line.cookie)
    refuses("echo without loopback", "EINVAL", () => line.cookie?.performLoopback());
}

type Command = fc.Arbitrary<Step<Machine>>;

export function machineCommands({
  channels,
  mortal,
}: MachineSetup): fc.Arbitrary<Iterable<fc.Command<Machine, undefined>>> {
  const anyLine = fc.nat(2 * channels.length - 1);

  /** A command on a line: by default one that is reserved. */
  const onLine = <Value>(
    what: string,
    value: fc.Arbitrary<Value>,
    act: (machine: Machine, line: Line, value: Value) => void,
    possible = (line: Line, _machine: Machine) => line.lock !== undefined,
  ): Command =>
    fc.tuple(anyLine, value).map(([i, value]) => {
      const line = (machine: Machine) => machine.lines[i] as Line;
      return new Step<Machine>(
        `line ${i}: ${what}${value === undefined ? "" : `(${fc.stringify(value)})`}`,
        (machine) => act(machine, line(machine), value),
        (machine) => possible(line(machine), machine),
      );
    });
  const none = fc.constant(undefined);
  const attached = (line: Line, machine: Machine): boolean => machine.guest(line.vmid).real !== undefined;

  const onGuest = (what: string, when: "attached" | "gone", act: (machine: Machine, vmid: number) => void): Command =>
    fc.nat(1).map(
      (vmid) =>
        new Step<Machine>(
          `guest ${vmid}: ${what}`,
          (machine) => act(machine, vmid),
          (machine) => (machine.guest(vmid).real !== undefined) === (when === "attached"),
        ),
    );

  const call = anyLine.chain((i) =>
    fc.oneof(...verbs((channels[i >> 1] as ChannelSetup).geometry)).map(
      ({ label, run }) =>
        new Step<Machine>(
          `line ${i}: ${label}`,
          (machine) => {
            const { lock } = machine.lines[i] as Line;
            if (lock) run(lock);
          },
          (machine) => machine.lines[i]?.lock !== undefined,
        ),
    ),
  );
  const poll = onGuest("poll", "attached", (machine, vmid) => machine.poll(vmid));
  const mask = fc.oneof(
    onLine("disableIrq", none, (machine, line) => machine.disable(line), attached),
    onLine("enableIrq", none, (machine, line) => machine.enable(line), attached),
  );
  /** What chance alone brings about too seldom: room that comes while nobody is to be told of it. */
  const maskedRoom = onLine(
    "fill, mask, let the peer take a frame, unmask",
    none,
    (machine, line) => {
      for (let i = 0; i < line.model.nframes; i++) line.lock?.write(new Uint8Array());
      machine.disable(line);
      line.peer.lock?.read(0);
      machine.enable(line);
    },
    (line) => line.lock !== undefined && line.peer.lock !== undefined && !line.disabled,
  );
  const loopback = fc.oneof(
    onLine(
      "setLoopback",
      fc.constantFrom(true, true, false),
      (_, line, on) => setLoopback(line, on),
      (line) => line.lock !== undefined && !line.itself,
    ),
    onLine(
      "performLoopback",
      none,
      (_, line) => {
        line.model.echo();
        line.cookie?.performLoopback();
      },
      (line) => line.model.loopback,
    ),
  );
  /** While a guest resets its channel with itself, a wait runs more steps than can be told. */
  const restful = (line: Line, machine: Machine): boolean =>
    line.lock !== undefined && machine.guest(line.vmid).lines.every((other) => !other.itself || !other.model.nextState);
  const wait = onLine(
    "wait",
    fc.tuple(
      fc.constantFrom<Awaited[]>("readable", "writable", "established"),
      fc.constantFrom(0, 1e-6),
      fc.constantFrom(0, 1, 100),
    ),
    (machine, line, [what, timeout, spin]) => machine.wait(line, what, timeout, spin),
    restful,
  );
  const link = fc.oneof(
    onLine("reset", none, (_, line) => line.lock?.reset()),
    onLine("notified", none, (machine, line) => machine.notified(line)),
    onLine("notify", none, (_, line) => notify(line)),
  );
  const owner = fc.oneof(
    onLine("unreserve", none, (machine, line) => machine.unreserve(line)),
    onLine("reserve", service, reserve, (line, machine) => !line.lock && attached(line, machine)),
    onLine("reserve", service, reserve, (line, machine) => !line.lock && attached(line, machine)),
    onLine(
      "requestIrq",
      service,
      (machine, line, { manners }) => machine.requestIrq(line, manners),
      (line, machine) => attached(line, machine) && !line.handler && !line.ops,
    ),
    onLine(
      "freeIrq",
      none,
      (machine, line) => machine.freeIrq(line),
      (line) => line.handler && !line.itself,
    ),
  );
  const services = fc.array(service, { minLength: 2 * channels.length, maxLength: 2 * channels.length });
  const life = fc.oneof(
    onGuest("detach", "attached", (machine, vmid) => machine.detach(vmid)),
    onGuest("die", "attached", (machine, vmid) => machine.die(vmid)),
    onGuest("mask every line and die", "attached", (machine, vmid) => {
      for (const line of machine.guest(vmid).lines) machine.disable(line);
      machine.die(vmid);
    }),
  );
  const comesBack = fc
    .tuple(services, fc.boolean())
    .chain(([services, heal]) =>
      onGuest("attach and reserve all", "gone", (machine, vmid) => comeBack(machine, vmid, heal, services)),
    );
  const settled = fc.constant(new Step<Machine>("settle", (machine) => void settle(machine, 4)));
  const mistake = onLine("mistakes", none, mistakes, () => true);

  return fc.commands(
    [
      ...Array<Command>(8).fill(call),
      ...Array<Command>(5).fill(poll),
      ...[settled, mask, mask, maskedRoom, loopback, loopback, wait, link, owner, owner, mistake],
      ...(mortal ? [life, comesBack, comesBack] : []),
    ],
    { maxCommands: 80, size: "max" },
  );
}
