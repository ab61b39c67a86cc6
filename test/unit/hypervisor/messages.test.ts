/** What the errors of guests and reserved endpoints say: the thing, its number, and the rule. */
import { expect, onTestFinished, test, vi } from "vitest";
import { type Guest, Hypervisor, type IvcCookie, openChannel } from "../../../src/index.ts";
import { attachFor } from "../../helpers/hypervisor.ts";
import { refusal } from "../../helpers/ring.ts";

const nothing = (): void => undefined;

/** Guest 6, which has the endpoints 30 (line 1) and 40 (line 2) and the pool 50 in common with guest 7. */
function open(): { hypervisor: Hypervisor; guest: Guest } {
  const hypervisor = new Hypervisor({
    queues: [30, 40].map((id) => ({ id, peers: [6, 7], nframes: 4, frameSize: 64 })),
    mempools: [{ id: 50, peers: [6, 7], size: 64 }],
  });
  return { hypervisor, guest: attachFor(hypervisor.guest(6)) };
}

test.each<[string, (guest: Guest, hypervisor: Hypervisor) => unknown]>([
  ["ENODEV: expected id to be an endpoint of guest 6, got 9", (guest) => guest.reserve(9)],
  ["ENODEV: expected id to be a mempool of guest 6, got 9", (guest) => guest.reserveMempool(9)],
  [
    "EBUSY: endpoint 40 is reserved already",
    (guest) => {
      guest.reserve(40);
      guest.reserve(40);
    },
  ],
  [
    "EBUSY: mempool 50 is reserved already",
    (guest) => {
      guest.reserveMempool(50);
      guest.reserveMempool(50);
    },
  ],
  [
    "EBUSY: line 2 of endpoint 40 has a handler already",
    (guest) => {
      guest.requestIrq(2, nothing);
      guest.reserve(40, {});
    },
  ],
  [
    "EBUSY: line 2 has a handler already",
    (guest) => {
      guest.requestIrq(2, nothing);
      guest.requestIrq(2, nothing);
    },
  ],
  [
    "EBUSY: the endpoint of line 2 was reserved with ops",
    (guest) => {
      guest.reserve(40, {});
      guest.requestIrq(2, nothing);
    },
  ],
  [
    "EPERM: endpoint 40 is not reserved any more",
    (guest) => {
      const cookie = guest.reserve(40);
      cookie.unreserve();
      cookie.notify();
    },
  ],
  ["EINVAL: expected on to be a boolean, got 1", (guest) => guest.reserve(40).setLoopback(1 as never)],
  ["EINVAL: expected loopback to be on, got off", (guest) => guest.reserve(40).performLoopback()],
  [
    "EINVAL: expected timeout to be a number of ms from 0 to 2147483647, got -1",
    (guest) => guest.reserve(40).rx.waitReadable(-1),
  ],
  [
    "EINVAL: expected spin to be a number from 0 to Infinity, got -1",
    (guest) => guest.reserve(40).rx.waitReadable(1, { spin: -1 }),
  ],
  ...(["NORMAL", "LOOPBACK"] as const).flatMap((mode): [string, (guest: Guest) => unknown][] => {
    const open = (guest: Guest): IvcCookie => {
      const cookie = guest.reserve(40);
      cookie.setLoopback(mode === "LOOPBACK");
      return cookie;
    };
    const is = (what: string): string => `EINVAL: expected ${what} to be a Uint8Array, not detached, got 5`;
    return [
      [is("data"), (guest) => open(guest).tx.write(5 as never)],
      [is("data"), (guest) => open(guest).tx.poke(5 as never)],
      [is("into"), (guest) => open(guest).rx.read(5 as never)],
      [is("into"), (guest) => open(guest).rx.peek(5 as never)],
    ];
  }),
  ["EINVAL: expected handler to be a function, got 5", (guest) => guest.requestIrq(2, 5 as never)],
  ["EINVAL: expected line 2 to have a handler, got none", (guest) => guest.freeIrq(2)],
  ["EINVAL: expected irq to be an integer from 1 to 2, got 3", (guest) => guest.disableIrq(3)],
  [
    "ENODEV: guest 6 is detached",
    (guest) => {
      guest.detach();
      guest.poll();
    },
  ],
  ["EBUSY: a thread is attached as guest 6 already", (_, hypervisor) => attachFor(hypervisor.guest(6))],
  [
    "EINVAL: this handle of guest 7 has been used: take a new one from Hypervisor.guest",
    (_, hypervisor) => {
      const handle = hypervisor.guest(7);
      attachFor(handle).detach();
      attachFor(handle);
    },
  ],
])("%s", (said, mistake) => {
  const { hypervisor, guest } = open();
  expect(refusal(() => mistake(guest, hypervisor)).message).toBe(said);
});

const QUEUE = { id: 4, peers: [6, 7], nframes: 4, frameSize: 64 } as const;
const POOL = { id: 5, peers: [6, 7], size: 64 } as const;

test.each<[string, unknown]>([
  ["expected queues to be an array, got 1", { queues: 1 }],
  ["expected mempools to be an array, got 1", { queues: [], mempools: 1 }],
  ["queues[0]: expected it to be an object, got 1", { queues: [1] }],
  ["queues[1] (id 4): expected id to be unique, got 4", { queues: [QUEUE, QUEUE] }],
  [
    "mempools[0] (id 5): expected peers to be a pair of vmids, got 1",
    { queues: [], mempools: [{ ...POOL, peers: 1 }] },
  ],
  [
    "queues[0] (id 5): expected the id of a channel of a guest with itself to be even, got 5",
    { queues: [{ ...QUEUE, id: 5, peers: [6, 6] }] },
  ],
  [
    "queues[0] (id 4): expected id + 1 of a channel of a guest with itself to be free, got 5",
    {
      queues: [
        { ...QUEUE, peers: [6, 6] },
        { ...QUEUE, id: 5 },
      ],
    },
  ],
])("EINVAL: %s", (said, config) => {
  expect(refusal(() => new Hypervisor(config as never)).message).toBe(`EINVAL: ${said}`);
});

test("an unknown guest, a used pool, and a handle that is none or has more than one endpoint", () => {
  const hypervisor = new Hypervisor({ queues: [QUEUE, { ...QUEUE, id: 8 }], mempools: [POOL] });
  const pool = attachFor(hypervisor.guest(6)).reserveMempool(5);
  pool.unreserve();
  const said = [
    () => hypervisor.guest(9),
    () => pool.unreserve(),
    () => openChannel(hypervisor.guest(7)),
    () => attachFor(1 as never),
  ].map((mistake) => refusal(mistake).message);
  expect(said).toEqual([
    "ENODEV: expected vmid to be one of 6, 7, got 9",
    "EPERM: mempool 5 is not reserved any more",
    "EINVAL: expected a handle with one endpoint, got 2: use attach and reserve",
    "EINVAL: expected handle to be one that Hypervisor.guest returned, got 1",
  ]);
});

/** From the `nth` on, allocations of shared memory fail. */
function failFrom(nth: number, error: Error): void {
  let allocations = 0;
  class Scarce extends SharedArrayBuffer {
    constructor(byteLength: number) {
      if (++allocations >= nth) throw error;
      super(byteLength);
    }
  }
  vi.stubGlobal("SharedArrayBuffer", Scarce);
  onTestFinished(() => void vi.unstubAllGlobals());
}

test.each<[number, string]>([
  [1, "guest 7"],
  [2, "guest 7"],
  [3, "guest 6"],
  [4, "guest 6"],
  [5, "the channels of guests 6 and 7"],
  [6, "mempool 5"],
])("no memory from allocation %i on is ENOMEM, and says for what: %s", (nth, what) => {
  failFrom(nth, new RangeError("there is no more"));
  const { code, message } = refusal(
    () => new Hypervisor({ queues: [{ ...QUEUE, peers: [7, 6] }], mempools: [{ ...POOL, peers: [6, 7] }] }),
  );
  expect(code).toBe("ENOMEM");
  expect(message.replace(/\d+ bytes/, "N bytes")).toBe(
    `ENOMEM: expected N bytes of shared memory for ${what}, got: there is no more`,
  );
});

test("a pool larger than memory can be is ENOMEM, and says how large", () => {
  const pool = { ...POOL, size: Number.MAX_SAFE_INTEGER };
  expect(refusal(() => new Hypervisor({ queues: [], mempools: [pool] })).message).toMatch(
    /^ENOMEM: expected 9007199254740991 bytes of shared memory for mempool 5, got: ./,
  );
});

test("what an allocation throws besides comes out as it is", () => {
  const error = new TypeError("not for lack of memory");
  failFrom(1, error);
  expect(() => new Hypervisor({ queues: [QUEUE] })).toThrow(error);
});
