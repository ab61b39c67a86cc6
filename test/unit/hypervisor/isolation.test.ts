/** SPEC §2, §8: what is not in a handle cannot be touched. */
import { describe, expect, test } from "vitest";
import { type GuestHandle, Hypervisor } from "../../../src/index.ts";
import { attachFor, buffersIn, memoryOf, send, settle } from "../../helpers/hypervisor.ts";

const geometry = { nframes: 4, frameSize: 64 };

/** 1 and 3 are peers of 2; 4 is a peer of 3 only; 5 is a peer of itself only; pools between 1 and 2, 3 and 4. */
function makeWorld(): { hypervisor: Hypervisor; vmids: number[]; arePeers: (a: number, b: number) => boolean } {
  const pairs: [number, number][] = [
    [1, 2],
    [2, 3],
    [2, 3],
    [3, 4],
    [5, 5],
  ];
  const hypervisor = new Hypervisor({
    queues: pairs.map((peers, index) => ({ id: 2 * index, peers, ...geometry })),
    mempools: [
      { id: 0, peers: [1, 2], size: 4096 },
      { id: 1, peers: [3, 4], size: 4096 },
    ],
  });
  return {
    hypervisor,
    vmids: [1, 2, 3, 4, 5],
    arePeers: (a, b) => pairs.some(([x, y]) => (x === a && y === b) || (x === b && y === a)),
  };
}

/** As the guest's thread gets it: by structured clone, which keeps the identity of buffers only within one clone. */
function cloneAll(handles: GuestHandle[]): GuestHandle[] {
  return structuredClone(handles);
}

describe.each([
  ["as made", (handles: GuestHandle[]) => handles],
  ["after structured clone", cloneAll],
])("handles %s", (_name, pass) => {
  const { hypervisor, vmids, arePeers } = makeWorld();
  const handles = pass(vmids.map((vmid) => hypervisor.guest(vmid)));
  const pairs = handles.flatMap((a, i) => handles.slice(i + 1).map((b) => [a.vmid, b.vmid, a, b] as const));
  const wakes = new Set(handles.map((handle) => handle.wake));

  test.each(pairs.filter(([a, b]) => !arePeers(a, b)))(
    "guests %i and %i, which are no peers, have no memory in common but the wake areas of a common peer",
    (a, b, handleA, handleB) => {
      const common = [...buffersIn(handleA)].filter((buffer) => buffersIn(handleB).has(buffer));
      expect(common.filter((buffer) => !wakes.has(buffer))).toEqual([]);
      const commonPeers = handles.filter(({ vmid }) => arePeers(a, vmid) && arePeers(b, vmid));
      expect(common.every((buffer) => commonPeers.some(({ wake }) => wake === buffer))).toBe(true);
    },
  );

  test.each(pairs.filter(([a, b]) => arePeers(a, b)))(
    "guests %i and %i, which are peers, do have some",
    (_a, _b, handleA, handleB) => {
      expect([...buffersIn(handleA)].some((buffer) => buffersIn(handleB).has(buffer))).toBe(true);
    },
  );

  test.each(vmids)(
    "what guest %i alone reaches (attachment, tickets, reservations, positions) no other handle holds",
    (vmid) => {
      const own = handles.find((handle) => handle.vmid === vmid)!;
      const others = handles.filter((handle) => handle !== own);
      for (const buffer of [own.own, own.used]) {
        expect(others.some((other) => buffersIn(other).has(buffer))).toBe(false);
      }
    },
  );
});

describe("the memory of a channel between two guests", () => {
  const marker = "the quick brown fox jumps over the lazy dog";

  /** All handles and all guests; a marker went through channel 2 (guests 2 and 3) and lies in its frames. */
  function mark(): Hypervisor {
    const { hypervisor } = makeWorld();
    const second = attachFor(hypervisor.guest(2));
    const third = attachFor(hypervisor.guest(3));
    const from = second.reserve(2);
    const to = third.reserve(2);
    from.tx.write(new TextEncoder().encode(marker));
    to.tx.write(new TextEncoder().encode(marker));
    settle(second, third);
    return hypervisor;
  }

  test.each([1, 4, 5])("cannot be reached from the handle of guest %i", (vmid) => {
    expect(memoryOf(mark().guest(vmid))).not.toContain(marker);
    expect(memoryOf(structuredClone(mark().guest(vmid)))).not.toContain(marker);
  });

  test.each([2, 3])("is in the handle of guest %i, twice: this search finds what is there", (vmid) => {
    expect(memoryOf(mark().guest(vmid)).split(marker)).toHaveLength(3);
  });

  test("does not change what a third guest sees, whatever goes through it", () => {
    const { hypervisor } = makeWorld();
    const third = attachFor(hypervisor.guest(3));
    const fourth = attachFor(hypervisor.guest(4));
    const from = third.reserve(6);
    const to = fourth.reserve(6);
    const outsider = hypervisor.guest(1);
    const before = memoryOf(outsider);
    for (let i = 0; i < 10; i++) {
      send(from, i);
      to.notify();
      from.reset();
      settle(third, fourth);
    }
    expect(memoryOf(outsider)).toBe(before);
  });
});

test("the memory of a pool cannot be reached from a third guest's handle", () => {
  const { hypervisor } = makeWorld();
  const pool = attachFor(hypervisor.guest(3)).reserveMempool(1);
  pool.memory.set(new TextEncoder().encode("pool marker"), 100);
  for (const vmid of [1, 2, 5]) expect(memoryOf(hypervisor.guest(vmid))).not.toContain("pool marker");
  expect(memoryOf(hypervisor.guest(4))).toContain("pool marker");
});

test("geometry never comes from shared memory: garbage in every byte of it changes none", () => {
  const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [1, 2], nframes: 3, frameSize: 128 }] });
  const handle = hypervisor.guest(1);
  const garbled = hypervisor.guest(2);
  for (const { area } of garbled.pairs) new Uint8Array(area).fill(0x55);
  const cookie = attachFor(handle).reserve(0);
  expect([cookie.nframes, cookie.frameSize]).toEqual([3, 128]);
});
