/** Guests of one hypervisor, all in this thread, and what the tests of them share. */
import { onTestFinished, vi } from "vitest";
import {
  type AttachOptions,
  attach,
  type Guest,
  type GuestHandle,
  Hypervisor,
  type IvcCookie,
  IvcError,
  type IvcOps,
  type QueueConfig,
} from "../../src/index.ts";

/** Word indices in a queue's header, from the table of SPEC §2. */
export const TX_COUNT: number = 0x00 / 4;
export const RX_COUNT: number = 0x40 / 4;

/** Attaches until the test ends. */
export function attachFor(handle: GuestHandle, options?: AttachOptions): Guest {
  const guest = attach(handle, options);
  onTestFinished(() => {
    if (guest.attached) guest.detach();
  });
  return guest;
}

/** Until the test ends, does something at the `n`-th `Atomics.load` from now on: what the peer does while the caller spins. */
export function atLoad(n: number, action: () => void): void {
  const { load } = Atomics;
  let loads = 0;
  const spy = vi.spyOn(Atomics, "load").mockImplementation(((words: Int32Array, index: number) => {
    if (++loads === n) action();
    return load(words, index);
  }) as never);
  onTestFinished(() => spy.mockRestore());
}

/** One side of a channel. */
export interface End {
  readonly handle: GuestHandle;
  readonly guest: Guest;
  readonly cookie: IvcCookie;
}

/** A channel whose two guests are both attached in this thread. */
export interface Pair {
  readonly hypervisor: Hypervisor;
  readonly a: End;
  readonly b: End;
}

export interface PairOptions extends AttachOptions {
  readonly nframes?: number;
  readonly frameSize?: number;
  /** What the `a` end is reserved with. */
  readonly ops?: IvcOps;
}

/** Opens one end of endpoint `id`. */
export function openEnd(
  hypervisor: Hypervisor,
  vmid: number,
  id: number,
  options?: AttachOptions & { ops?: IvcOps },
): End {
  const handle = hypervisor.guest(vmid);
  const guest = attachFor(handle, options);
  return { handle, guest, cookie: guest.reserve(id, options?.ops) };
}

/** Guests 0 (`a`) and 1 (`b`) with channel 0 between them, reserved at both ends, nothing pending. */
export function openPair(options: PairOptions = {}): Pair {
  const { nframes = 4, frameSize = 64, heal, ops } = options;
  const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [0, 1], nframes, frameSize }] });
  const a = openEnd(hypervisor, 0, 0, { heal, ...(ops && { ops }) });
  const b = openEnd(hypervisor, 1, 0, { heal });
  settle(a.guest, b.guest);
  return { hypervisor, a, b };
}

/** Guests 0 and 1 with `count` channels 0, 1, … between them, reserved at both ends, nothing pending. */
export function openMany(count: number): { a: Guest; b: Guest; ca: IvcCookie[]; cb: IvcCookie[] } {
  const ids = Array.from({ length: count }, (_, id) => id);
  const queues = ids.map((id): QueueConfig => ({ id, peers: [0, 1], nframes: 4, frameSize: 64 }));
  const hypervisor = new Hypervisor({ queues });
  const a = attachFor(hypervisor.guest(0));
  const b = attachFor(hypervisor.guest(1));
  const ca = ids.map((id) => a.reserve(id));
  const cb = ids.map((id) => b.reserve(id));
  settle(a, b);
  return { a, b, ca, cb };
}

/** Lets the guests take their interrupts, in turns, until none has any. */
export function settle(...guests: { poll(): number }[]): void {
  for (let turn = 0; turn < 50; turn++) {
    if (guests.map((guest) => guest.poll()).every((served) => served === 0)) return;
  }
  throw new Error("the guests did not come to rest in 50 turns");
}

/** Sends one frame full of `value`; whether it was taken. */
export function send(cookie: IvcCookie, value: number): boolean {
  return cookie.tx.write(new Uint8Array(cookie.frameSize).fill(value));
}

/** Sends frames until there is no room, with values 1, 2, …; how many. */
export function fill(cookie: IvcCookie): number {
  let sent = 0;
  while (send(cookie, sent + 1)) sent++;
  return sent;
}

/** Reads one frame that {@link send} sent: its value; undefined: none is there. */
export function receive(cookie: IvcCookie): number | undefined {
  const into = new Uint8Array(cookie.frameSize);
  if (!cookie.rx.read(into)) return undefined;
  if (into.some((byte) => byte !== into[0])) throw new Error("a torn frame");
  return into[0];
}

/** Reads all frames there are. */
export function receiveAll(cookie: IvcCookie): number[] {
  const values: number[] = [];
  for (let value = receive(cookie); value !== undefined; value = receive(cookie)) values.push(value);
  return values;
}

/** The header of a queue in shared memory, as one endpoint of a handle sees it. */
export function header(handle: GuestHandle, direction: "rx" | "tx", endpoint = 0): Int32Array {
  const { pair, rxOffset, txOffset } = handle.endpoints[endpoint]!;
  return new Int32Array(handle.pairs[pair]!.area, direction === "rx" ? rxOffset : txOffset, 32);
}

/**
 * Interleaves by hand: calls `work` right after each store to a word of a {@link header}, as another thread might. What
 * `work` stores itself is let alone.
 */
export function afterStore(words: Int32Array, index: number, work: () => void): void {
  const store = Atomics.store as (words: Int32Array, index: number, value: number) => number;
  let inside = false;
  const spy = vi.spyOn(Atomics, "store").mockImplementation(((into: Int32Array, at: number, value: number) => {
    const stored = store(into, at, value);
    const hit = into.buffer === words.buffer && into.byteOffset + 4 * at === words.byteOffset + 4 * index;
    if (hit && !inside) {
      inside = true;
      work();
      inside = false;
    }
    return stored;
  }) as never);
  onTestFinished(() => spy.mockRestore());
}

/** Every SharedArrayBuffer that can be reached from a value. */
export function buffersIn(value: unknown, found: Set<SharedArrayBuffer> = new Set()): Set<SharedArrayBuffer> {
  if (value instanceof SharedArrayBuffer) found.add(value);
  else if (ArrayBuffer.isView(value)) buffersIn(value.buffer, found);
  else if (typeof value === "object" && value !== null)
    for (const member of Object.values(value)) buffersIn(member, found);
  return found;
}

/** All bytes that can be reached from a value, as text to compare or to search. */
export function memoryOf(value: unknown): string {
  return [...buffersIn(value)].map((buffer) => Buffer.from(new Uint8Array(buffer)).toString("latin1")).join();
}

/** The code of the {@link IvcError} that `work` throws; undefined: it throws none. */
export function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof IvcError) return error.code;
    throw error;
  }
  return undefined;
}

/** Lets the event loop run for some ms. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Lets the event loop run until `condition` holds, at most some seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 3000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not come true");
    await sleep(1);
  }
}

/** Both ways to sleep on the event loop, as test.each takes them; each lasts until the test ends. */
export const RUNTIMES: Record<string, () => void> = {
  "with Atomics.waitAsync": () => undefined,
  "without Atomics.waitAsync": () => {
    const { waitAsync } = Atomics;
    delete (Atomics as Partial<typeof Atomics>).waitAsync;
    onTestFinished(() => void Object.assign(Atomics, { waitAsync }));
  },
};

/**
 * Takes away the look at everything every 250 ms, until the test ends: on the event loop only a ring wakes a guest that
 * sleeps. Tells "by the ring" from "soon", however busy the machine is.
 */
export function onlyRings(): void {
  const real = setInterval;
  const never = 2 ** 30;
  const spy = vi
    .spyOn(globalThis, "setInterval")
    .mockImplementation(((work: () => void, ms: number) => real(work, ms >= 100 ? never : ms)) as never);
  onTestFinished(() => spy.mockRestore());
}

/** A thread that may not block, such as a browser's window, until the test ends. */
export function forbidBlocking(): void {
  const wait = vi.spyOn(Atomics, "wait").mockImplementation(() => {
    throw new TypeError("Atomics.wait cannot be called in this context");
  });
  onTestFinished(() => wait.mockRestore());
}
