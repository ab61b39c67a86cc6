/** The library's own bytes, held against the map in src/hypervisor/areas.ts: where each word lies, and what it says. */
import { describe, expect, test } from "vitest";
import {
  ATTACHED,
  groupIndex,
  guestAreaSize,
  holderIndex,
  LAST_TICKET,
  lifeIndex,
  lineIndex,
  placeQueues,
  poolIndex,
  reservationIndex,
  rxPositionIndex,
  statesIndex,
  txPositionIndex,
  WAKE,
  wakeAreaSize,
} from "../../../src/hypervisor/areas.ts";
import { type GuestHandle, guestDown, Hypervisor, type QueueConfig } from "../../../src/index.ts";
import { openEnd, openPair, settle } from "../../helpers/hypervisor.ts";

describe("each word lies where the map says", () => {
  test.each<[string, number, number]>([
    ["pair: life of the guest of lower vmid", lifeIndex(0), 0x00],
    ["pair: life of the other guest", lifeIndex(1), 0x40],
    ["pair: line of side 0", lineIndex(0, 0), 0x80],
    ["pair: line of side 1", lineIndex(0, 1), 0xc0],
    ["pair: packed states", statesIndex(0), 0x100],
    ["pair: holder of side 0", holderIndex(0, 0), 0x104],
    ["pair: holder of side 1", holderIndex(0, 1), 0x108],
    ["pair: line of side 0 of channel 1", lineIndex(1, 0), 0x140],
    ["pair: packed states of channel 1", statesIndex(1), 0x1c0],
    ["guest: ticket attached", ATTACHED, 0x00],
    ["guest: last ticket", LAST_TICKET, 0x04],
    ["guest: reservation", reservationIndex(0), 0x40],
    ["guest: tx position", txPositionIndex(0), 0x44],
    ["guest: rx position", rxPositionIndex(0), 0x48],
    ["guest: reservation of endpoint 1", reservationIndex(1), 0x50],
    ["guest: pool 0 after 2 endpoints", poolIndex(2, 0), 0x60],
    ["guest: pool 1 after 2 endpoints", poolIndex(2, 1), 0x64],
    ["wake: wake word", WAKE, 0x00],
    ["wake: group 0", groupIndex(0), 0x04],
    ["wake: group 1", groupIndex(1), 0x08],
  ])("%s", (_word, index, offset) => {
    expect(index * 4).toBe(offset);
  });

  test("the queues of a channel follow one another behind the words of all channels, and end the area", () => {
    const channels = [
      { nframes: 4, frameSize: 64 },
      { nframes: 1, frameSize: 128 },
    ];
    expect(placeQueues(channels)).toEqual({
      offsets: [
        [0x200, 0x200 + 0x180],
        [0x500, 0x500 + 0x100],
      ],
      byteLength: 0x700,
    });
  });
});

test("no area is larger than its words", () => {
  expect(guestAreaSize(0, 0)).toBe(0x40);
  expect(guestAreaSize(2, 3)).toBe(0x40 + 2 * 0x10 + 3 * 4);
  expect([0, 1, 32, 33].map(wakeAreaSize)).toEqual([0x04, 0x08, 0x08, 0x0c]);
});

describe("two guests have one area in common for all their channels", () => {
  const queue = (id: number, peers: [number, number]): QueueConfig => ({ id, peers, nframes: 4, frameSize: 64 });
  const areas = ({ pairs }: GuestHandle): SharedArrayBuffer[] => pairs.map(({ area }) => area);

  test("whichever of them is named first", () => {
    // 9 and 10: as text, 10 comes first.
    const hypervisor = new Hypervisor({ queues: [queue(0, [9, 10]), queue(1, [10, 9])] });
    const [nine, ten] = [hypervisor.guest(9), hypervisor.guest(10)];
    expect(areas(nine)).toHaveLength(1);
    expect(areas(ten)).toEqual(areas(nine));
    expect([nine.pairs[0]?.side, ten.pairs[0]?.side], "the lower vmid is side 0").toEqual([0, 1]);
  });

  test("also if they are the same guest", () => {
    const hypervisor = new Hypervisor({ queues: [queue(0, [3, 3]), queue(2, [3, 3])] });
    expect(areas(hypervisor.guest(3))).toHaveLength(1);
  });
});

test("life and holder are 2 × ticket, + 1 from death to the next attachment, and to the next established link", () => {
  const { hypervisor, a, b } = openPair();
  const words = new Int32Array(a.handle.pairs[0]!.area);
  const said = (): number[] => [words[lifeIndex(1)]!, words[holderIndex(0, 1)]!];
  const { ticket } = b.handle;
  expect(said()).toEqual([2 * ticket, 2 * ticket]);
  guestDown(b.handle);
  expect(said()).toEqual([2 * ticket + 1, 2 * ticket + 1]);
  const next = openEnd(hypervisor, 1, 0);
  const later = next.handle.ticket;
  expect(said()).toEqual([2 * later, 2 * later + 1]);
  settle(a.guest, next.guest);
  expect(said()).toEqual([2 * later, 2 * later]);
});
