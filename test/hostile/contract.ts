/** The contract of a call under attack (SPEC §9), and the endpoint's private side, which it is held against. */
import type { IvcChannel } from "../../src/index.ts";
import { adversary, HOSTILE, LOAD, STORE } from "./adversary.ts";
import type { Verb } from "./verbs.ts";

/** Byte offsets in a queue (SPEC §2). */
const TX_COUNT = 0x00;
const TX_STATE = 0x04;
const RX_COUNT = 0x40;
const FRAMES = 0x80;

/** What is private to an endpoint. */
interface Private {
  readonly published: number;
  readonly consumed: number;
  readonly txPosition: number;
  readonly rxPosition: number;
  readonly state: number;
  readonly session: number;
}

/** Looks behind `private`: an endpoint's own knowledge, without a load from shared memory. */
function lookInside(channel: IvcChannel): Private {
  const { tx, rx } = channel;
  const { state, session } = (channel as unknown as { link: Private }).link;
  return {
    published: tx.published,
    consumed: rx.consumed,
    txPosition: tx.position,
    rxPosition: rx.position,
    state,
    session,
  };
}

/** Where an endpoint's queues lie. */
export interface Places {
  readonly buffer: SharedArrayBuffer;
  readonly txOffset: number;
  readonly rxOffset: number;
  readonly nframes: number;
  readonly frameSize: number;
}

/** The values that matter beside `own`, the own count of a queue of `n` slots: the issue's, and the edges of full. */
function countsBeside(own: number, n: number): number[] {
  const near = [-1, 0, 1].flatMap((d) => [own + d, own - n + d, own + n + d]);
  return [0, 1, n - 1, n, n + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, ...near];
}

/** Tells the adversary of the two queues of an endpoint with the given own counts. */
export function layQueues(places: Places, published: number, consumed: number): void {
  const { buffer, txOffset, rxOffset, nframes, frameSize } = places;
  const ofTx = countsBeside(published, nframes);
  const ofRx = countsBeside(consumed, nframes);
  adversary.word(buffer, txOffset + TX_COUNT, "own tx.count", STORE, ofTx);
  adversary.word(buffer, txOffset + TX_STATE, "own tx.state", STORE, ofTx);
  adversary.word(buffer, txOffset + RX_COUNT, "peer rx.count", LOAD | HOSTILE, ofTx);
  adversary.word(buffer, rxOffset + TX_COUNT, "peer tx.count", LOAD | HOSTILE, ofRx);
  adversary.word(buffer, rxOffset + TX_STATE, "peer tx.state", LOAD | HOSTILE, ofRx);
  adversary.word(buffer, rxOffset + RX_COUNT, "own rx.count", STORE, ofRx);
  adversary.queue({ verb: "write", buffer, start: txOffset + FRAMES, frameSize, nframes });
  adversary.queue({ verb: "read", buffer, start: rxOffset + FRAMES, frameSize, nframes });
}

/** Grants, or takes back, the right to load the own words: an endpoint that opens does so once. */
export function mayOpen({ buffer, txOffset, rxOffset }: Places, may: boolean): void {
  adversary.mayOpen(buffer, txOffset + TX_COUNT, may);
  adversary.mayOpen(buffer, txOffset + TX_STATE, may);
  adversary.mayOpen(buffer, rxOffset + RX_COUNT, may);
}

/** Fails with a text of its own: an assertion library would take longer than the calls. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected ${what}`);
}

/** What nobody may touch of a buffer, garbled; all of it can be brought back to how it was. */
export class Canaries {
  private readonly words: Int32Array;
  private readonly before: Int32Array;
  private readonly untouchable: readonly number[];

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.untouchable = adversary.canaries(buffer);
    for (const index of this.untouchable) this.words[index] = 0xa5a5a5a5;
    this.before = this.words.slice();
  }

  restore(): void {
    this.words.set(this.before);
  }

  check(): void {
    for (const index of this.untouchable) {
      if (this.words[index] !== this.before[index]) throw new Error(`expected word ${index} to be as it was`);
    }
  }
}

/** How one call went: what the endpoint knew before, what the call answered, how it may echo. */
export class Watch {
  private readonly places: Places;
  private readonly words: Int32Array;
  private readonly channel: IvcChannel;
  private readonly before: Private;

  constructor(places: Places, words: Int32Array, channel: IvcChannel) {
    this.places = places;
    this.words = words;
    this.channel = channel;
    this.before = lookInside(channel);
  }

  /** Holds a call against its verb. `echoes`: it may move frames from rx to tx; `echoed` tells how many may have gone. */
  check<World>(verb: Verb<World>, answer: unknown, echoes = false): void {
    const { nframes: n } = this.places;
    const { before } = this;
    const after = lookInside(this.channel);
    must(verb.answers(answer, n), `a documented outcome, got ${String(answer)}`);

    const cleared = after.session - before.session;
    must(cleared === 0 || (verb.resets === true && cleared > 0), `no ${cleared} clears`);
    const from = cleared ? { published: 0, consumed: 0, txPosition: 0, rxPosition: 0 } : before;
    const published = (after.published - from.published) >>> 0;
    const consumed = (after.consumed - from.consumed) >>> 0;
    if (echoes) {
      must(published === consumed && published <= n, `an echo, got ${published} published, ${consumed} consumed`);
    } else {
      must(published === (verb.publishes?.(answer, n) ?? 0), `not to publish ${published}`);
      must(consumed === (verb.consumes?.(answer, n) ?? 0), `not to consume ${consumed}`);
    }
    must(after.txPosition === (from.txPosition + published) % n, `no tx position ${after.txPosition}`);
    must(after.rxPosition === (from.rxPosition + consumed) % n, `no rx position ${after.rxPosition}`);
    must(after.state === before.state || (verb.resets === true && after.state <= 2), `no state ${after.state}`);
    adversary.written.forEach((slot, i) => {
      must(slot === (from.txPosition + i) % n, `no write to slot ${slot}`);
    });
    adversary.read.forEach((slot, i) => {
      must(slot === (from.rxPosition + i) % n, `no read of slot ${slot}`);
    });
    if (verb.hands && answer instanceof Uint8Array) this.checkFrame(answer, verb.hands(n));
    this.checkOwnWords(after);
    must(adversary.operations <= verb.bound, `at most ${verb.bound} operations, got ${adversary.operations}`);
  }

  /** A frame handed out lies on the slot that private knowledge says, or in private memory (loopback). */
  private checkFrame(frame: Uint8Array, ahead: number): void {
    const { buffer, frameSize, nframes, txOffset, rxOffset } = this.places;
    must(frame.byteLength === frameSize, `a frame of ${frameSize} bytes, got ${frame.byteLength}`);
    if (!(frame.buffer instanceof SharedArrayBuffer)) return;
    const at = (offset: number, position: number): number =>
      offset + FRAMES + ((position + ahead) % nframes) * frameSize;
    const { txPosition, rxPosition } = this.before;
    must(
      frame.buffer === buffer && [at(txOffset, txPosition), at(rxOffset, rxPosition)].includes(frame.byteOffset),
      `the next frame, got one at ${frame.byteOffset}`,
    );
  }

  /** What the endpoint told its peer is what it knows. */
  private checkOwnWords({ published, consumed, state }: Private): void {
    const { txOffset, rxOffset } = this.places;
    const told = (at: number): number => this.words[at / 4] as number;
    must(told(txOffset + TX_COUNT) === published, `tx.count to be ${published}`);
    must(told(rxOffset + RX_COUNT) === consumed, `rx.count to be ${consumed}`);
    must(told(txOffset + TX_STATE) === state, `tx.state to be ${state}`);
  }
}
