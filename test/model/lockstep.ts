/** One endpoint beside its model: every verb runs on both, and both must answer alike and move the same bytes. */
import { type IvcChannel, type IvcCookie, IvcError } from "../../src/index.ts";
import type { EndModel } from "./model.ts";

/** Either layer's endpoint: their verbs are the same. */
export type Endpoint = IvcChannel | IvcCookie;

export class Disagreement extends Error {}

export function agree(what: string, actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Disagreement(`${what}: got ${actual}, expected ${expected}`);
}

export function agreeOnBytes(what: string, actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = expected.findIndex((byte, i) => byte !== actual[i]);
  throw new Disagreement(`${what}: byte ${at} is ${actual[at]}, expected ${expected[at]}`);
}

/** Where a specification leaves a choice. */
export function agreeOnOneOf(what: string, actual: unknown, allowed: readonly unknown[]): void {
  if (!allowed.includes(actual)) throw new Disagreement(`${what}: got ${actual}, expected ${allowed.join(" or ")}`);
}

/** The call must throw an IvcError with this code. */
export function refuses(what: string, code: string, call: () => unknown): void {
  let outcome: unknown;
  try {
    outcome = `answered ${call()}`;
  } catch (error) {
    outcome = error instanceof IvcError ? error.code : error;
  }
  agree(what, outcome, code);
}

/** What fills a buffer before something is read into it. */
const UNTOUCHED = 0xee;
const MARGIN = 3;

export class Lockstep {
  readonly real: Endpoint;
  readonly model: EndModel;
  private readonly sessionAtOpening: number;

  constructor(real: Endpoint, model: EndModel) {
    this.real = real;
    this.model = model;
    this.sessionAtOpening = real.session;
    model.session = 0;
  }

  /** Whether both have made the same steps of the handshake. */
  get inStep(): boolean {
    const { real, model } = this;
    return real.state === model.state && real.session - this.sessionAtOpening === model.session;
  }

  /** What shall hold between any two calls. */
  check(): void {
    agree("state", this.real.state, this.model.state);
    agree("session", this.real.session - this.sessionAtOpening, this.model.session);
  }

  write(data: Uint8Array): boolean {
    const written = this.model.write(data);
    agree("write", this.real.tx.write(data), written);
    return written;
  }

  poke(data: Uint8Array, offset: number): void {
    const slot = this.model.slotAhead(0);
    slot?.set(data, offset);
    agree("poke", this.real.tx.poke(data, offset), slot !== undefined);
  }

  /** Writes to a frame in place, after a look at what it holds of an earlier lap. */
  fill(ahead: number, data: Uint8Array): boolean {
    const { real, model } = this;
    const slot = model.slotAhead(ahead);
    const frame = real.tx.getNextFrame(ahead);
    agree("tx.getNextFrame", frame !== undefined, slot !== undefined);
    if (!slot || !frame) return false;
    agree("frame.byteLength", frame.byteLength, real.frameSize);
    if (!model.loopback) agreeOnBytes("frame of an earlier lap", frame, slot);
    frame.set(data);
    slot.set(data);
    return true;
  }

  publish(count: number): void {
    agree("tx.advance", this.real.tx.advance(count), this.model.advanceTx(count));
  }

  /** Fills up to `count` frames in place and publishes those that could be had at once. */
  fillBatch(count: number, data: Uint8Array): void {
    let filled = 0;
    while (filled < count && this.fill(filled, data)) filled++;
    if (filled > 0) this.publish(filled);
  }

  read(length: number): boolean {
    const frame = this.model.frameAhead(0)?.slice();
    const moved = this.into("read", length, frame, (into) => this.real.rx.read(into));
    if (moved) this.model.advanceRx(1);
    return moved;
  }

  peek(length: number, offset: number): void {
    const frame = this.model.frameAhead(0)?.subarray(offset);
    this.into("peek", length, frame, (into) => this.real.rx.peek(into, offset));
  }

  /** Copies out, and sees that no byte beside the copied ones is touched. */
  private into(
    what: string,
    length: number,
    frame: Uint8Array | undefined,
    copy: (into: Uint8Array) => boolean,
  ): boolean {
    const buffer = new Uint8Array(length + 2 * MARGIN).fill(UNTOUCHED);
    const expected = buffer.slice();
    if (frame) expected.set(frame.subarray(0, length), MARGIN);
    agree(what, copy(buffer.subarray(MARGIN, MARGIN + length)), frame !== undefined);
    agreeOnBytes(what, buffer, expected);
    return frame !== undefined;
  }

  /** Looks at a frame in place. */
  look(ahead: number): boolean {
    const expected = this.model.frameAhead(ahead);
    const frame = this.real.rx.getNextFrame(ahead);
    agree("rx.getNextFrame", frame !== undefined, expected !== undefined);
    if (!frame || !expected) return false;
    agree("frame is shared memory", frame.buffer instanceof SharedArrayBuffer, true);
    agreeOnBytes("frame", frame, expected);
    return true;
  }

  consume(count: number): void {
    agree("rx.advance", this.real.rx.advance(count), this.model.advanceRx(count));
  }

  /** Looks at up to `count` frames in place and consumes those that are there at once. */
  lookBatch(count: number): void {
    let seen = 0;
    while (seen < count && this.look(seen)) seen++;
    if (seen > 0) this.consume(seen);
  }

  /** All questions. While the link is down, SPEC §4 does not say whether available frames count. */
  ask(): void {
    const { real, model } = this;
    agree("canWrite", real.tx.canWrite(), model.canWrite());
    agree("canRead", real.rx.canRead(), model.canRead());
    agree("isEmpty", real.tx.isEmpty(), model.tx.empty);
    agree("tx.isOverfull", real.tx.isOverfull(), model.tx.overfull);
    agree("rx.isOverfull", real.rx.isOverfull(), model.rx.overfull);
    const orNone = (frames: number): number[] => (model.established ? [frames] : [frames, 0]);
    agreeOnOneOf("tx.framesAvailable", real.tx.framesAvailable(), orNone(model.room));
    agreeOnOneOf("rx.framesAvailable", real.rx.framesAvailable(), orNone(model.waiting));
  }

  reset(): void {
    this.model.reset();
    this.real.reset();
  }

  notified(): void {
    this.model.step();
    agree("notified", this.real.notified(), this.model.established);
  }
}
