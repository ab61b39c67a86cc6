/** The calls that both layers' endpoints take, with random arguments. */
import * as fc from "fast-check";
import { message, pattern } from "./arbitraries.ts";
import { type Endpoint, type Lockstep, refuses } from "./lockstep.ts";
import type { Geometry } from "./model.ts";

/** A call. */
export interface Verb {
  readonly label: string;
  readonly run: (end: Lockstep) => void;
}

/** A command on a world that holds a model and what it models, side by side. */
export class Step<World extends { check(): void }> implements fc.Command<World, undefined> {
  private readonly label: string;
  private readonly act: (world: World) => void;
  private readonly possible: (world: World) => boolean;

  constructor(label: string, act: (world: World) => void, possible: (world: World) => boolean = () => true) {
    this.label = label;
    this.act = act;
    this.possible = possible;
  }

  check(world: World): boolean {
    return this.possible(world);
  }

  run(world: World): void {
    this.act(world);
    world.check();
  }

  toString(): string {
    return this.label;
  }
}

/** One arbitrary for each call, all equally likely. */
export function verbs(geometry: Geometry): fc.Arbitrary<Verb>[] {
  const { nframes, frameSize } = geometry;
  const length = fc.nat(frameSize + 20);
  const range = fc.nat(frameSize).chain((offset) => fc.tuple(fc.constant(offset), fc.nat(frameSize - offset)));
  const data = message(frameSize);
  const seed = fc.nat(255);
  const ahead = fc.nat(nframes - 1);
  const count = fc.integer({ min: 1, max: nframes });

  return [
    data.map((data) => verb(`tx.write(${show(data)})`, (end) => end.write(data))),
    length.map((length) => verb(`rx.read(${length} bytes)`, (end) => end.read(length))),
    fc
      .tuple(range, seed)
      .map(([[offset, length], seed]) =>
        verb(`tx.poke(${length} bytes, ${offset})`, (end) => end.poke(pattern(length, seed), offset)),
      ),
    range.map(([offset, length]) => verb(`rx.peek(${length} bytes, ${offset})`, (end) => end.peek(length, offset))),
    fc
      .tuple(ahead, data)
      .map(([ahead, data]) => verb(`tx.getNextFrame(${ahead}).set(${show(data)})`, (end) => end.fill(ahead, data))),
    ahead.map((ahead) => verb(`rx.getNextFrame(${ahead})`, (end) => end.look(ahead))),
    count.map((count) => verb(`tx.advance(${count})`, (end) => end.publish(count))),
    count.map((count) => verb(`rx.advance(${count})`, (end) => end.consume(count))),
    fc
      .tuple(count, data)
      .map(([count, data]) =>
        verb(`fill ${count} frames with ${show(data)} and advance`, (end) => end.fillBatch(count, data)),
      ),
    count.map((count) => verb(`look at ${count} frames and advance`, (end) => end.lookBatch(count))),
    data.map((data) => verb(`write ${show(data)} until full`, (end) => untilFalse(nframes, () => end.write(data)))),
    length.map((length) =>
      verb(`read ${length} bytes until empty`, (end) => untilFalse(nframes, () => end.read(length))),
    ),
    fc.constant(verb("ask", (end) => end.ask())),
    mistake(geometry),
  ];
}

function verb(label: string, run: (end: Lockstep) => void): Verb {
  return { label, run };
}

function show(data: Uint8Array): string {
  return `${data.byteLength} bytes${data.byteLength > 0 ? ` ${data[0]}…` : ""}`;
}

/** Repeats a call that can succeed `slots` times in a row; in loopback it always does. */
function untilFalse(slots: number, call: () => boolean): void {
  for (let times = 0; times <= slots && call(); times++);
}

const NOT_BYTES = [
  undefined,
  null,
  "frame",
  7,
  [1, 2],
  new ArrayBuffer(8),
  new Int8Array(8),
  new DataView(new ArrayBuffer(8)),
];
const NOT_INTEGERS = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "1", null];

/** A call that must be refused, whatever the state, and change nothing (SPEC §4). */
function mistake({ nframes, frameSize }: Geometry): fc.Arbitrary<Verb> {
  const bytes = (length: number): Uint8Array => new Uint8Array(length);
  const call = <Value>(
    label: string,
    code: string,
    values: readonly Value[],
    make: (end: Endpoint, value: never) => unknown,
  ) =>
    fc
      .constantFrom(...values)
      .map((value) =>
        verb(`${label} with ${typeof value} ${String(value)}`, ({ real }) =>
          refuses(`${label} with ${String(value)}`, code, () => make(real, value as never)),
        ),
      );
  const ranges = [
    [1, frameSize],
    [frameSize, 1],
    [frameSize + 1, 0],
    [0, frameSize + 1],
    [Number.MAX_SAFE_INTEGER, 1],
  ];
  return fc.oneof(
    call("tx.write", "EINVAL", NOT_BYTES, (end, data) => end.tx.write(data)),
    call("rx.read", "EINVAL", NOT_BYTES, (end, into) => end.rx.read(into)),
    call("tx.poke", "EINVAL", NOT_BYTES, (end, data) => end.tx.poke(data)),
    call("rx.peek", "EINVAL", NOT_BYTES, (end, into) => end.rx.peek(into)),
    call("tx.write", "E2BIG", [frameSize + 1, frameSize * 9], (end, length) => end.tx.write(bytes(length))),
    call("tx.poke at", "EINVAL", NOT_INTEGERS, (end, offset) => end.tx.poke(bytes(4), offset)),
    call("rx.peek at", "EINVAL", NOT_INTEGERS, (end, offset) => end.rx.peek(bytes(4), offset)),
    call("tx.poke range", "E2BIG", ranges, (end, [offset, length]: [number, number]) =>
      end.tx.poke(bytes(length), offset),
    ),
    call("rx.peek range", "E2BIG", ranges, (end, [offset, length]: [number, number]) =>
      end.rx.peek(bytes(length), offset),
    ),
    call("tx.getNextFrame", "EINVAL", [...NOT_INTEGERS, nframes], (end, ahead) => end.tx.getNextFrame(ahead)),
    call("rx.getNextFrame", "EINVAL", [...NOT_INTEGERS, nframes], (end, ahead) => end.rx.getNextFrame(ahead)),
    call("tx.advance", "EINVAL", [...NOT_INTEGERS, 0, nframes + 1], (end, count) => end.tx.advance(count)),
    call("rx.advance", "EINVAL", [...NOT_INTEGERS, 0, nframes + 1], (end, count) => end.rx.advance(count)),
  );
}
