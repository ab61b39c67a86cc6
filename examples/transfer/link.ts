/** One end of the link between the two guests: moves messages and bytes in frames, and waits as it was told to. */
import type { CookieRx, CookieTx, IvcCookie, WaitOutcome } from "ivc-ring";
import { LinkError, UserError } from "./errors.ts";
import { decode, encode, type Kind, type Message } from "./messages.ts";

/** How to wait: never park, park at once, spin briefly and then park, or leave it to the event loop. */
export const WAIT_MODES = ["spin", "park", "both", "listen"] as const;
export type WaitMode = (typeof WAIT_MODES)[number];

export function isWaitMode(value: unknown): value is WaitMode {
  return WAIT_MODES.some((mode) => mode === value);
}

/** The `spin` option of a blocking wait; undefined leaves it to the library. */
const SPIN = { spin: Infinity, park: 0, both: undefined } as const;

/** Longest wait for anything, in ms: hashing a huge file on a busy machine takes a while. */
export const TIMEOUT = 60_000;

/** Called with how many bytes of the whole have been moved so far. */
export type OnProgress = (bytes: number) => void;

export class Link {
  readonly cookie: IvcCookie;
  private readonly mode: WaitMode;

  constructor(cookie: IvcCookie, mode: WaitMode) {
    this.cookie = cookie;
    this.mode = mode;
  }

  async send(kind: Kind, value?: number, digest?: Uint8Array): Promise<void> {
    const message = encode(kind, value, digest);
    while (!this.cookie.tx.write(message)) expectReady(await this.waitWritable());
  }

  /** Receives one message, which must be of this kind. */
  async receive(kind: Kind): Promise<Message> {
    const message = await this.receiveAny();
    if (message.kind !== kind) throw new UserError(`expected a frame that says "${kind}", got "${message.kind}"`);
    return message;
  }

  async receiveAny(): Promise<Message> {
    const frame = new Uint8Array(64);
    while (!this.cookie.rx.read(frame)) expectReady(await this.waitReadable());
    return decode(frame);
  }

  /** Sends `bytes`, but for those before `from`. The last frame may be a partial one. */
  async sendBytes(bytes: Uint8Array, from: number, onProgress?: OnProgress): Promise<void> {
    for (let sent = from; sent < bytes.length; ) {
      const next = writeSome(this.cookie.tx, bytes, sent);
      if (next === sent) expectReady(await this.waitWritable());
      else onProgress?.(next);
      sent = next;
    }
  }

  /** Receives into `bytes` until it is full; the part before `from` is there already. */
  async receiveBytes(bytes: Uint8Array, from: number, onProgress?: OnProgress): Promise<void> {
    for (let received = from; received < bytes.length; ) {
      const next = readSome(this.cookie.rx, bytes, received);
      if (next === received) expectReady(await this.waitReadable());
      else onProgress?.(next);
      received = next;
    }
  }

  waitReadable(): WaitOutcome | Promise<WaitOutcome> {
    const { rx } = this.cookie;
    return this.mode === "listen" ? rx.waitReadableAsync(TIMEOUT) : rx.waitReadable(TIMEOUT, { spin: SPIN[this.mode] });
  }

  waitWritable(): WaitOutcome | Promise<WaitOutcome> {
    const { tx } = this.cookie;
    return this.mode === "listen" ? tx.waitWritableAsync(TIMEOUT) : tx.waitWritable(TIMEOUT, { spin: SPIN[this.mode] });
  }

  waitEstablished(): WaitOutcome | Promise<WaitOutcome> {
    const { cookie, mode } = this;
    return mode === "listen"
      ? cookie.waitEstablishedAsync(TIMEOUT)
      : cookie.waitEstablished(TIMEOUT, { spin: SPIN[mode] });
  }
}

export function expectReady(outcome: WaitOutcome): void {
  if (outcome !== "ready") throw new LinkError(outcome);
}

/** Writes while there is room, at most a ring full. Returns how many of `bytes` have been sent by then. */
function writeSome(tx: CookieTx, bytes: Uint8Array, from: number): number {
  const { frameSize, nframes } = tx;
  const end = Math.min(bytes.length, from + nframes * frameSize);
  let sent = from;
  while (sent < end && tx.write(bytes.subarray(sent, sent + frameSize))) sent += frameSize;
  return Math.min(sent, bytes.length);
}

/** Reads what is there, at most a ring full. Returns how many of `bytes` have been received by then. */
function readSome(rx: CookieRx, bytes: Uint8Array, from: number): number {
  const { frameSize, nframes } = rx;
  const end = Math.min(bytes.length, from + nframes * frameSize);
  let received = from;
  while (received < end) {
    // In place, from the ring to where the bytes belong: `read` would need a view of `bytes` for each frame.
    const frame = rx.getNextFrame();
    if (!frame) break;
    const rest = bytes.length - received;
    bytes.set(rest < frameSize ? frame.subarray(0, rest) : frame, received);
    rx.advance();
    received += frameSize;
  }
  return Math.min(received, bytes.length);
}
