/** The memory module with an {@link adversary} at its gates. */
import type * as Memory from "../../src/memory.ts";
import { adversary, LOAD, STORE } from "./adversary.ts";
import { host } from "./host.ts";

type Words = Memory.Words;

/** The real memory module, besieged. A function that it does not know is refused. */
export function besieged(real: typeof Memory): typeof Memory {
  const word = <Verb extends "load" | "store" | "exchange" | "add" | "or" | "and">(verb: Verb, rights: number) => {
    const run = real[verb] as (words: Words, index: number, value?: number) => number;
    return ((words: Words, index: number, value?: number) => {
      adversary.access(words, index, rights);
      return run(words, index, value);
    }) as (typeof real)[Verb];
  };
  const known: typeof Memory = {
    wordsOf(buffer, byteOffset, length) {
      adversary.view(buffer, byteOffset, 4 * length);
      return real.wordsOf(buffer, byteOffset, length);
    },
    bytesOf(buffer, byteOffset, length) {
      adversary.view(buffer, byteOffset, length);
      return real.bytesOf(buffer, byteOffset, length);
    },
    load: word("load", LOAD),
    store: word("store", STORE),
    exchange: word("exchange", LOAD | STORE),
    add: word("add", LOAD | STORE),
    or: word("or", LOAD | STORE),
    and: word("and", LOAD | STORE),
    compareExchange(words, index, expected, value) {
      adversary.access(words, index, LOAD | STORE, expected);
      return real.compareExchange(words, index, expected, value);
    },
    notify: (words, index) => adversary.access(words, index, 0),
    /** Never sleeps: it was woken, or the time is over. */
    wait(words, index) {
      adversary.access(words, index, 0);
      return adversary.choose("timed out", [1, 0]) === 1;
    },
    mayBlock: () => true,
    pause: () => undefined,
    /** Resolves when the host says so; or the word does not hold what it should any more. */
    waitAsync(words, index) {
      adversary.access(words, index, 0);
      return adversary.disturbing && adversary.choose("woken already", [0, 1]) === 1 ? undefined : host.park();
    },
    copyIn(target, at, source, length) {
      adversary.payload("write", target, at, length);
      real.copyIn(target, at, source, length);
    },
    copyFrame(target, frame) {
      adversary.payload("read", frame, 0, frame.byteLength);
      adversary.payload("write", target, 0, frame.byteLength);
      real.copyFrame(target, frame);
    },
    copyOut(target, source, at, length) {
      adversary.payload("read", source, at, length);
      real.copyOut(target, source, at, length);
    },
    claim(bytes, from, to, step) {
      for (let at = from; at < to; at += step) adversary.payload("write", bytes, at, 1);
      real.claim(bytes, from, to, step);
    },
    zero(bytes, from, to) {
      adversary.payload("write", bytes, from, Math.max(to - from, 0));
      real.zero(bytes, from, to);
    },
  };
  for (const name of Object.keys(real)) {
    if (!(name in known)) throw new Error(`test/hostile/besieged.ts does not know memory.${name}`);
  }
  return known;
}
