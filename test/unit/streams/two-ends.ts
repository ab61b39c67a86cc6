/** What the tests of the streams share: both ends of a channel on this thread, and raw frames. */
import { afterEach } from "vitest";
import {
  type ChannelOptions,
  createChannel,
  type Guest,
  guestDown,
  type IvcCookie,
  openChannel,
} from "../../../src/index.ts";

const guests: Guest[] = [];

afterEach(() => {
  for (const guest of guests.splice(0)) if (guest.attached) guest.detach();
});

/** Opens both ends of a channel; `kill` says that the thread of the first has died. */
export function openBoth(options: ChannelOptions = {}): { near: IvcCookie; far: IvcCookie; kill: () => void } {
  const [handle, farHandle] = createChannel({ nframes: 4, frameSize: 64, ...options });
  const near = openChannel(handle);
  const far = openChannel(farHandle);
  guests.push(near.guest, far.guest);
  return { near, far, kill: () => void guestDown(handle) };
}

/** Resets the link, from `end`, and waits until both ends are through with it. */
export async function resetLink(end: IvcCookie, other: IvcCookie): Promise<void> {
  end.reset();
  await Promise.all([end.waitEstablishedAsync(1000), other.waitEstablishedAsync(1000)]);
}

/** A frame by the convention: the word, little-endian, then the bytes. */
export function frame(word: number, ...bytes: number[]): Uint8Array {
  const data = new Uint8Array(4 + bytes.length);
  new DataView(data.buffer).setUint32(0, word, true);
  data.set(bytes, 4);
  return data;
}

export const END: Uint8Array = frame(0);
export const ABORTED: Uint8Array = frame(0xffffffff);

/** Bytes 0, 1, 2, …, so that every part of a chunk can be told from its neighbours. */
export function counting(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) % 251);
}

/** Consumes the oldest frame, which must be there, and returns its first bytes. */
export function takeFrame(cookie: IvcCookie, length: number): Uint8Array {
  const into = new Uint8Array(length);
  if (!cookie.rx.read(into)) throw new Error("no frame waits");
  return into;
}

/** Whether a promise is still pending after the event loop has had time to turn. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  const timeout = new Promise((resolve) => setTimeout(() => resolve(pending), 30));
  return (await Promise.race([promise.catch(() => undefined), timeout])) === pending;
}
