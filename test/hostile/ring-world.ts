/** A bare channel under attack: its queues with bytes of nobody around them, and the guard over all of it. */
import { IvcChannel, type IvcChannelOptions } from "../../src/index.ts";
import { adversary } from "./adversary.ts";
import { Canaries, layQueues, type Places, Watch } from "./contract.ts";
import { Snapshot } from "./snapshot.ts";
import { VERBS } from "./verbs.ts";

const GAP = 64;

/** How it starts. */
export interface Setup {
  readonly nframes: number;
  /** Own tx and rx count, and own state. */
  readonly own: readonly [published: number, consumed: number, state: number];
}

/** Queues with bytes of nobody between them, and an endpoint. */
export function open({ nframes, own }: Setup): { places: Places; channel: IvcChannel; options: IvcChannelOptions } {
  const frameSize = 128;
  const size = 0x80 + nframes * frameSize;
  const buffer = new SharedArrayBuffer(2 * size + 3 * GAP);
  const places = { buffer, rxOffset: GAP, txOffset: size + 2 * GAP, nframes, frameSize };
  const [published, consumed, state] = own;
  const words = new Int32Array(buffer);
  words[places.txOffset / 4] = published;
  words[(places.txOffset + 4) / 4] = state;
  words[(places.rxOffset + 0x40) / 4] = consumed;
  const { rxOffset, txOffset } = places;
  const options = {
    rx: { buffer, byteOffset: rxOffset },
    tx: { buffer, byteOffset: txOffset },
    nframes,
    frameSize,
    notify: () => undefined,
  };
  adversary.forget();
  layQueues(places, published, consumed);
  return { places, channel: new IvcChannel(options), options };
}

/** All leaves of one verb on one endpoint; the most operations that one of them took. */
export function besiege(name: string, setup: Setup, bound: number = VERBS[name]!.bound): number {
  const verb = { ...VERBS[name]!, bound };
  const { places, channel } = open(setup);
  const words = new Int32Array(places.buffer);
  const canaries = new Canaries(places.buffer);
  const snapshot = new Snapshot(channel);
  let most = 0;
  adversary.exhaust(() => {
    canaries.restore();
    snapshot.restore();
    if (adversary.choose("caches filled first", [0, 1])) {
      adversary.disturb(() => (name.startsWith("tx") ? channel.tx.canWrite() : channel.rx.canRead()));
    }
    const watch = new Watch(places, words, channel);
    const answer = adversary.disturb(() => verb.call(channel));
    watch.check(verb, answer);
    canaries.check();
    most = Math.max(most, adversary.operations);
  });
  return most;
}
