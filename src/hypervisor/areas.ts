/**
 * The library's own shared bytes, beside the queues (SPEC §8). What a fact is about decides who reaches it: a pair's area
 * is in the handles of its two guests only, a guest's own area in that guest's only; its wake area is in the handles of
 * all its peers, and is therefore never more than a hint.
 *
 * ```text
 * pair area (two guests)                    guest area (one guest)               wake area (guest and all its peers)
 * 0x00  life of the guest of lower vmid     0x00  ticket attached, or 0          0x00  which groups of lines rang, and
 * 0x40  life of the other guest             0x04  last ticket issued                   whether the guest sleeps
 * 0x80  channel 0: line of side 0           0x40  endpoint 0: reservation        0x04  group 0: which lines rang
 * 0xc0             line of side 1                             tx position        0x08  group 1
 * 0x100            packed states                              rx position         …
 * 0x104            holders of sides 0 and 1
 *  …    channel 1 …                         0x50  endpoint 1 …
 *       queue 0 of channel 0                 …    pool 0: reservation
 *       queue 1 of channel 0 …               …    pool 1 …
 * ```
 */
import { type Words, wordsOf } from "../memory.ts";
import { CACHE_LINE, queueSize } from "../ring/layout.ts";

const WORD = 4;
const WORDS_PER_CACHE_LINE = CACHE_LINE / WORD;

/** Views one word of an area. */
export function areaWord(area: SharedArrayBuffer, index: number): Words {
  return wordsOf(area, index * WORD, 1);
}

/** Views a whole guest or wake area. */
export function areaWords(area: SharedArrayBuffer): Words {
  return wordsOf(area, 0, area.byteLength / WORD);
}

/** Word index in a pair area: 2 × ticket of the guest last attached, + 1 once it is down; 0: never. */
export function lifeIndex(side: 0 | 1): number {
  return side * WORDS_PER_CACHE_LINE;
}

/** Word index in a pair area: pending and mask bits of the line of one side of the pair's `channel`-th channel. */
export function lineIndex(channel: number, side: 0 | 1): number {
  return (2 + 3 * channel + side) * WORDS_PER_CACHE_LINE;
}

/** Word index in a pair area: the packed states of the pair's `channel`-th channel. */
export function statesIndex(channel: number): number {
  return (2 + 3 * channel + 2) * WORDS_PER_CACHE_LINE;
}

/**
 * Word index in a pair area: 2 × ticket of whoever has the endpoint of that side reserved, or 0; + 1 from its death until
 * the link is established again. It tells, and decides nothing: who may reserve is in the guest area.
 */
export function holderIndex(channel: number, side: 0 | 1): number {
  return statesIndex(channel) + 1 + side;
}

/** Where the queues of a pair's channels lie in its area, and how large it is. */
export function placeQueues(channels: readonly { readonly nframes: number; readonly frameSize: number }[]): {
  offsets: (readonly [number, number])[];
  byteLength: number;
} {
  let end = (2 + 3 * channels.length) * CACHE_LINE;
  const offsets = channels.map(({ nframes, frameSize }) => {
    const size = queueSize(nframes, frameSize);
    const start = end;
    end += 2 * size;
    return [start, start + size] as const;
  });
  return { offsets, byteLength: end };
}

/** Word index in a guest area: the ticket by which a thread is attached, negative while its death is being told; or 0. */
export const ATTACHED = 0;
/** Word index in a guest area: the last ticket issued. */
export const LAST_TICKET = 1;

const ENDPOINT_WORDS = 4;

/** Word index in a guest area: the ticket of the owner of the endpoint, or 0. */
export function reservationIndex(endpoint: number): number {
  return WORDS_PER_CACHE_LINE + endpoint * ENDPOINT_WORDS;
}

/** Word index in a guest area: the tx position that the last owner handed over. */
export function txPositionIndex(endpoint: number): number {
  return reservationIndex(endpoint) + 1;
}

/** Word index in a guest area: the rx position that the last owner handed over. */
export function rxPositionIndex(endpoint: number): number {
  return reservationIndex(endpoint) + 2;
}

/** Word index in a guest area with `endpoints` endpoints: the ticket of the owner of the pool, or 0. */
export function poolIndex(endpoints: number, pool: number): number {
  return reservationIndex(endpoints) + pool;
}

/** Bytes of a guest area. */
export function guestAreaSize(endpoints: number, pools: number): number {
  return poolIndex(endpoints, pools) * WORD;
}

/** Word index in a wake area: a bit for each group of lines that rang, and {@link SLEEPING}. */
export const WAKE = 0;
/** In the wake word: whoever rings must notify. */
export const SLEEPING: number = 1 << 31;
/** Groups share the other 31 bits. */
export const WAKE_BITS = 31;
/** Lines in a group: the bits of a word. */
export const GROUP_LINES = 32;

/** Word index in a wake area: a bit for each line of the group that rang. */
export function groupIndex(group: number): number {
  return 1 + group;
}

/** Bytes of a wake area. */
export function wakeAreaSize(lines: number): number {
  return groupIndex(Math.ceil(lines / GROUP_LINES)) * WORD;
}
