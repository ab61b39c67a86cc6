/**
 * SPEC §2: the layout, byte for byte. Every expected byte is written by hand.
 *
 * ```text
 * 0x000  canary      0x080  queue of B → A, 2 frames of 64 bytes      0x180  canary
 *                    0x200  queue of A → B, likewise                  0x300  canary      0x400
 *
 * in a queue: 0x00 tx.count, 0x04 tx.state, 0x40 rx.count, 0x80 frame 0, 0xc0 frame 1
 * ```
 */
import { beforeEach, describe, expect, test } from "vitest";
import { attach, Hypervisor, IvcChannel } from "../../../src/index.ts";
import { expectBytes } from "../../helpers/ring.ts";

const CANARY = 0xc5;
type Change = readonly [at: number, ...bytes: number[]];

/** The memory as it was before anything was opened, but for `changes`. */
function image(...changes: readonly Change[]): Uint8Array {
  const bytes = new Uint8Array(0x400).fill(CANARY);
  bytes.fill(0, 0x080, 0x180);
  bytes.fill(0, 0x200, 0x300);
  for (const [at, ...values] of changes) bytes.set(values, at);
  return bytes;
}

let buffer: SharedArrayBuffer;
let memory: Uint8Array;
let a: IvcChannel;
let b: IvcChannel;

/** Opens both ends, on memory that holds `changes`. */
function open(...changes: readonly Change[]): void {
  buffer = new SharedArrayBuffer(0x400);
  memory = new Uint8Array(buffer);
  memory.set(image(...changes));
  const geometry = { nframes: 2, frameSize: 64, notify: () => undefined };
  a = new IvcChannel({ ...geometry, rx: { buffer, byteOffset: 0x80 }, tx: { buffer, byteOffset: 0x200 } });
  b = new IvcChannel({ ...geometry, rx: { buffer, byteOffset: 0x200 }, tx: { buffer, byteOffset: 0x80 } });
}

function expectMemory(...changes: readonly Change[]): void {
  expectBytes(memory, image(...changes));
}

beforeEach(() => open());

describe("data, A → B", () => {
  test("opened: nothing but zeros, and it is established and empty", () => {
    expectMemory();
    expect([a.state, b.state, a.rx.canRead(), b.rx.canRead(), a.tx.isEmpty()]).toEqual([
      "established",
      "established",
      false,
      false,
      true,
    ]);
  });

  test("one write", () => {
    a.tx.write(Uint8Array.of(1, 2, 3));
    expectMemory([0x200, 1], [0x280, 1, 2, 3]);
  });

  test("two writes, one read", () => {
    a.tx.write(Uint8Array.of(1, 2, 3));
    a.tx.write(Uint8Array.of(4, 5));
    b.rx.read(new Uint8Array(64));
    expectMemory([0x200, 2], [0x240, 1], [0x280, 1, 2, 3], [0x2c0, 4, 5]);
  });

  test("a second lap starts in frame 0 again, and its write erases the first lap's bytes", () => {
    a.tx.write(Uint8Array.of(1, 2, 3));
    a.tx.write(Uint8Array.of(4, 5));
    b.rx.advance(2);
    a.tx.write(Uint8Array.of(6));
    expectMemory([0x200, 3], [0x240, 2], [0x280, 6], [0x2c0, 4, 5]);
  });

  test("a write that fills its frame reaches its last byte and no further", () => {
    a.tx.write(new Uint8Array(64).fill(0x11));
    expectMemory([0x200, 1], [0x280, ...Array<number>(64).fill(0x11)]);
    a.tx.write(new Uint8Array(64).fill(0x22));
    expectMemory([0x200, 2], [0x280, ...Array<number>(64).fill(0x11)], [0x2c0, ...Array<number>(64).fill(0x22)]);
  });

  test("a write of nothing publishes zeros over an earlier lap", () => {
    open([0x280, 9, 9, 9], [0x2bf, 9], [0x2c0, 9]);
    a.tx.write(new Uint8Array(0));
    expectMemory([0x200, 1], [0x2c0, 9]);
  });

  test("poke, then advance", () => {
    open([0x280, 9, 9, 9]);
    a.tx.poke(Uint8Array.of(7, 8), 1);
    expectMemory([0x280, 9, 7, 8]);
    a.tx.poke(Uint8Array.of(1), 63);
    a.tx.advance();
    expectMemory([0x200, 1], [0x280, 9, 7, 8], [0x2bf, 1]);
  });

  test("frames filled in place, published as a batch, consumed as a batch", () => {
    a.tx.getNextFrame(0)?.set([1]);
    a.tx.getNextFrame(1)?.set([2], 63);
    expectMemory([0x280, 1], [0x2ff, 2]);
    a.tx.advance(2);
    expectMemory([0x200, 2], [0x280, 1], [0x2ff, 2]);
    b.rx.advance(2);
    expectMemory([0x200, 2], [0x240, 2], [0x280, 1], [0x2ff, 2]);
  });

  test("looking, peeking and failing leave no trace", () => {
    a.tx.canWrite();
    b.rx.canRead();
    b.rx.read(new Uint8Array(8));
    a.rx.advance();
    b.tx.framesAvailable();
    a.tx.isEmpty();
    expectMemory();
  });
});

describe("data, B → A", () => {
  test("one write, one read", () => {
    b.tx.write(Uint8Array.of(0xfe, 0xff));
    expectMemory([0x080, 1], [0x100, 0xfe, 0xff]);
    a.rx.read(new Uint8Array(2));
    expectMemory([0x080, 1], [0x0c0, 1], [0x100, 0xfe, 0xff]);
  });

  test("both ways at once", () => {
    a.tx.write(Uint8Array.of(1));
    b.tx.write(Uint8Array.of(2));
    b.tx.write(Uint8Array.of(3));
    a.rx.advance();
    expectMemory([0x200, 1], [0x280, 1], [0x080, 2], [0x0c0, 1], [0x100, 2], [0x140, 3]);
  });
});

describe("counts are 32-bit, little-endian, modulo 2^32", () => {
  const seen = [0xff, 0x03, 0x02, 0x01] as const;
  const next = [0x00, 0x04, 0x02, 0x01] as const;

  test("tx.count 0x010203ff + 1: odd, so the frame is frame 1", () => {
    open([0x200, ...seen], [0x240, ...seen]);
    a.tx.write(Uint8Array.of(5));
    expectMemory([0x200, ...next], [0x240, ...seen], [0x2c0, 5]);
  });

  test("rx.count 0x010203ff + 1", () => {
    open([0x200, ...next], [0x240, ...seen]);
    expect(b.rx.read(new Uint8Array(1))).toBe(true);
    expectMemory([0x200, ...next], [0x240, ...next]);
  });

  test("tx.count 0x7fffffff + 1", () => {
    open([0x200, 0xff, 0xff, 0xff, 0x7f], [0x240, 0xff, 0xff, 0xff, 0x7f]);
    a.tx.advance();
    expectMemory([0x200, 0, 0, 0, 0x80], [0x240, 0xff, 0xff, 0xff, 0x7f]);
  });

  test("tx.count 0xffffffff + 1, then rx.count", () => {
    open([0x200, 0xff, 0xff, 0xff, 0xff], [0x240, 0xff, 0xff, 0xff, 0xff]);
    a.tx.advance();
    expectMemory([0x240, 0xff, 0xff, 0xff, 0xff]);
    b.rx.advance();
    expectMemory();
  });
});

describe("reset, from counts 3 and 2 each way", () => {
  const traffic: readonly Change[] = [
    [0x200, 3],
    [0x240, 2],
    [0x080, 3],
    [0x0c0, 2],
    [0x280, 7],
    [0x100, 8],
  ];
  const frames: readonly Change[] = [
    [0x280, 7],
    [0x100, 8],
  ];

  test("each stored state and each cleared word, step by step", () => {
    open(...traffic);
    a.reset();
    expectMemory(...traffic, [0x204, 1]);
    b.notified(); // clears the words that B owns: its tx.count at 0x080, its rx.count at 0x240
    expectMemory([0x200, 3], [0x0c0, 2], ...frames, [0x204, 1], [0x084, 2]);
    a.notified(); // likewise 0x200 and 0x0c0
    expectMemory(...frames, [0x084, 2]);
    b.notified();
    expectMemory(...frames);
    a.notified();
    expectMemory(...frames);
  });

  test("by B", () => {
    open(...traffic);
    b.reset();
    expectMemory(...traffic, [0x084, 1]);
    a.notified();
    expectMemory([0x080, 3], [0x240, 2], ...frames, [0x084, 1], [0x204, 2]);
    b.notified();
    expectMemory(...frames, [0x204, 2]);
    a.notified();
    expectMemory(...frames);
  });
});

describe("places", () => {
  test.each([
    [64, 0, 0x80],
    [64, 3, 0x140],
    [128, 1, 0x100],
    [128, 3, 0x200],
    [192, 2, 0x200],
    [1024, 3, 0xc80],
  ])("frameSize %d: frame %d begins at %d", (frameSize, index, offset) => {
    const [txBuffer, rxBuffer] = [new SharedArrayBuffer(0x4000), new SharedArrayBuffer(0x4000)];
    const end = new IvcChannel({
      nframes: 4,
      frameSize,
      tx: { buffer: txBuffer, byteOffset: 0x1040 },
      rx: { buffer: rxBuffer, byteOffset: 0 },
    });
    expect(end.tx.getNextFrame(index)?.byteOffset).toBe(0x1040 + offset);
    for (let i = 0; i < index; i++) end.tx.advance();
    end.tx.write(new Uint8Array(frameSize).fill(0x77));
    const wanted = new Uint8Array(0x4000);
    wanted[0x1040] = index + 1;
    wanted.fill(0x77, 0x1040 + offset, 0x1040 + offset + frameSize);
    expectBytes(new Uint8Array(txBuffer), wanted);
    expectBytes(new Uint8Array(rxBuffer), new Uint8Array(0x4000));
  });

  test("a channel of a hypervisor: queue 0, then queue 1; peers[0] receives in queue 0", () => {
    const hypervisor = new Hypervisor({ queues: [{ id: 5, peers: [2, 1], nframes: 2, frameSize: 64 }] });
    const [first, second] = [hypervisor.guest(2), hypervisor.guest(1)];
    const area = new Uint8Array(first.pairs[0]!.area);
    const { rxOffset: queue0, txOffset: queue1 } = first.endpoints[0]!;
    expect(queue0 % 64).toBe(0);
    expect(queue1).toBe(queue0 + 0x100);
    attach(first).reserve(5).tx.write(Uint8Array.of(0x21));
    attach(second).reserve(5).tx.write(Uint8Array.of(0x12));
    expect([area[queue0], area[queue0 + 0x80], area[queue0 + 0x40]]).toEqual([1, 0x12, 0]);
    expect([area[queue1], area[queue1 + 0x80], area[queue1 + 0x40]]).toEqual([1, 0x21, 0]);
  });
});
