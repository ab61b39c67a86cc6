/** SPEC §2, §8: what a hypervisor is made from, what it refuses, and the handles it gives. */
import { describe, expect, test } from "vitest";
import {
  attach,
  createChannel,
  guestDown,
  Hypervisor,
  type HypervisorConfig,
  IvcError,
  openChannel,
} from "../../../src/index.ts";
import { attachFor, codeOf, receive, send } from "../../helpers/hypervisor.ts";

/** No other number in a message is this one: it can only name the entry. */
const ID = 47110;
const OTHER = { id: 8, peers: [0, 1], nframes: 4, frameSize: 64 };
const QUEUE = { id: ID, peers: [0, 1], nframes: 4, frameSize: 64 };
const POOL = { id: ID, peers: [0, 1], size: 64 };

function refusal(config: unknown): IvcError {
  try {
    new Hypervisor(config as HypervisorConfig);
  } catch (error) {
    expect(error).toBeInstanceOf(IvcError);
    return error as IvcError;
  }
  throw new Error("it was not refused");
}

/** Says the entry at index 1 of a list: by its place, or by its id. */
const namesEntry = (list: string): RegExp => new RegExp(`${list}\\[1\\]|\\b${ID}\\b`);

type Row = [rule: string, change: object, code: string, says: RegExp];

/** A message says the value and the rule. */
const geometry: Row[] = [
  ...[0, -1, 1.5, Number.NaN, Infinity, "4", null, undefined].flatMap((bad): Row[] => [
    [`nframes ${bad} is no positive integer`, { nframes: bad }, "EINVAL", /nframes/],
    [`frameSize ${bad} is no positive integer`, { frameSize: bad }, "EINVAL", /frameSize/],
  ]),
  ["nframes comes before frameSize", { nframes: 0, frameSize: 2 ** 31 }, "EINVAL", /nframes/],
  ["frameSize above 2^31 − 1", { frameSize: 2 ** 31 }, "E2BIG", /2147483648/],
  [
    "frameSize above 2^31 − 1 comes before nframes × frameSize",
    { nframes: 2, frameSize: 2 ** 31 },
    "E2BIG",
    /frameSize/,
  ],
  ["nframes × frameSize ≥ 2^32", { nframes: 2 ** 26, frameSize: 64 }, "EINVAL", /67108864/],
  ["nframes × frameSize comes before the multiple of 64", { nframes: 2 ** 27, frameSize: 33 }, "EINVAL", /134217728/],
  ["frameSize no multiple of 64: names the next one", { frameSize: 65 }, "EINVAL", /\b128\b/],
];

const peers: Row[] = [
  ...[-1, 0.5, Number.NaN, Infinity, 2 ** 31, "1", null, undefined, {}].map(
    (bad): Row => [`peer ${bad} is no small non-negative integer`, { peers: [0, bad] }, "EINVAL", /peer/],
  ),
  ["the first peer as well", { peers: [-1, 0] }, "EINVAL", /-1/],
  ...[[0], [0, 1, 2], [], undefined, null, 1, "01", { 0: 0, 1: 1 }].map(
    (bad): Row => [`peers ${JSON.stringify(bad)} is no pair`, { peers: bad }, "EINVAL", /peers/],
  ),
];

const ids: Row[] = [-1, 0.5, Number.NaN, "1", null, undefined].map(
  (bad): Row => [`id ${bad} is no integer ≥ 0`, { id: bad }, "EINVAL", /\bid\b/],
);

describe("a queue is refused with a message that names the entry", () => {
  test.each([...geometry, ...peers, ...ids])("%s", (_rule, change, code, says) => {
    const error = refusal({ queues: [OTHER, { ...QUEUE, ...change }] });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(namesEntry("queues"));
    expect(error.message).toMatch(says);
  });

  test("duplicate ids", () => {
    const error = refusal({ queues: [QUEUE, { ...QUEUE, peers: [2, 3] }] });
    expect(error.code).toBe("EINVAL");
    expect(error.message).toContain(String(ID));
  });

  test.each([null, undefined, 7, "queue"])("an entry that is no object: %s", (entry) => {
    const error = refusal({ queues: [OTHER, entry] });
    expect(error.code).toBe("EINVAL");
    expect(error.message).toMatch(/queues\[1\]/);
  });
});

describe("a mempool is refused with a message that names the entry", () => {
  const sizes = [0, -1, 1.5, Number.NaN, "64", undefined].map(
    (bad): Row => [`size ${bad} is no positive integer`, { size: bad }, "EINVAL", /size/],
  );
  test.each([...sizes, ...peers, ...ids])("%s", (_rule, change, code, says) => {
    const error = refusal({
      queues: [OTHER],
      mempools: [
        { ...POOL, id: 1 },
        { ...POOL, ...change },
      ],
    });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(namesEntry("mempools"));
    expect(error.message).toMatch(says);
  });

  test("duplicate ids", () => {
    expect(refusal({ queues: [], mempools: [POOL, POOL] }).message).toContain(String(ID));
  });

  test("but it may have the id of a queue", () => {
    expect(
      () => new Hypervisor({ queues: [{ ...QUEUE, peers: [0, 1] }], mempools: [{ ...POOL, peers: [0, 1] }] }),
    ).not.toThrow();
  });
});

describe("the lists", () => {
  test.each([undefined, null, {}, { queues: 1 }, { queues: null }, { queues: [], mempools: 3 }])(
    "%j is refused",
    (config) => {
      expect(refusal(config).code).toBe("EINVAL");
    },
  );
});

test("an error that is not ours comes out as it is", () => {
  const error = new TypeError("from a getter");
  const entry = {
    ...QUEUE,
    get peers(): [number, number] {
      throw error;
    },
  };
  expect(() => new Hypervisor({ queues: [entry] })).toThrow(error);
});

describe("both peers the same guest", () => {
  const own = (id: number): object => ({ ...OTHER, id, peers: [4, 4] });

  test("an odd id is refused", () => {
    const error = refusal({ queues: [OTHER, own(ID + 1)] });
    expect(error).toMatchObject({ code: "EINVAL", message: expect.stringMatching(/even/) });
    expect(error.message).toContain(String(ID + 1));
  });

  test.each([
    ["after it", (taken: object, self: object) => [self, taken]],
    ["before it", (taken: object, self: object) => [taken, self]],
  ])("id + 1 that is not free is refused: taken %s", (_name, order) => {
    const error = refusal({ queues: order({ ...OTHER, id: ID + 1, peers: [0, 1] }, own(ID)) });
    expect(error.code).toBe("EINVAL");
    expect(error.message).toContain(String(ID));
  });

  test("id 0 is even", () => {
    expect(() => new Hypervisor({ queues: [{ id: 0, peers: [4, 4], nframes: 4, frameSize: 64 }] })).not.toThrow();
  });
});

describe("hypervisor.guest", () => {
  const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [3, 9], nframes: 4, frameSize: 64 }] });

  test.each([0, 4, -1, 3.5, Number.NaN, "3", null, undefined])(
    "of an unknown vmid is an error that says so: %s",
    (vmid) => {
      expect(codeOf(() => hypervisor.guest(vmid as never))).toBe("ENODEV");
      expect(() => hypervisor.guest(vmid as never)).toThrow(String(vmid));
    },
  );

  test("a handle survives structured clone", () => {
    const a = attachFor(structuredClone(hypervisor.guest(3)));
    const b = attachFor(structuredClone(structuredClone(hypervisor.guest(9))));
    const from = a.reserve(0);
    const to = b.reserve(0);
    send(from, 77);
    expect([a.vmid, b.vmid, receive(to)]).toEqual([3, 9, 77]);
  });

  test("a handle tells the number of its guest", () => {
    expect(hypervisor.guest(9).vmid).toBe(9);
  });

  test("a guest that has only pools is one", () => {
    const pools = new Hypervisor({ queues: [], mempools: [{ id: 1, peers: [6, 7], size: 64 }] });
    expect(attachFor(pools.guest(6)).reserveMempool(1).peerVmid).toBe(7);
  });
});

describe("the common case does not need the word hypervisor", () => {
  test("one call makes a channel and two handles, one call on each side opens its end", () => {
    const [left, right] = createChannel({ nframes: 2, frameSize: 128 });
    const a = openChannel(structuredClone(left));
    const b = openChannel(structuredClone(right));
    expect([a.nframes, a.frameSize]).toEqual([2, 128]);
    send(a, 5);
    send(b, 6);
    expect([receive(b), receive(a)]).toEqual([5, 6]);
    a.guest.detach();
    b.guest.detach();
  });

  test("a channel of no geometry in particular has 64 slots each way, of 1024 bytes", () => {
    for (const handle of createChannel()) expect(handle.endpoints).toMatchObject([{ nframes: 64, frameSize: 1024 }]);
    for (const handle of createChannel({ nframes: undefined, frameSize: 128 })) {
      expect(handle.endpoints).toMatchObject([{ nframes: 64, frameSize: 128 }]);
    }
  });

  test.each([
    [{ nframes: 0 }, "EINVAL"],
    [{ frameSize: 100 }, "EINVAL"],
    [{ frameSize: 2 ** 31 }, "E2BIG"],
  ])("createChannel refuses a wrong geometry: %j", (options, code) => {
    expect(codeOf(() => createChannel(options))).toBe(code);
  });

  test.each([null, undefined, 1, {}])("openChannel refuses no handle: %s", (handle) => {
    expect(codeOf(() => openChannel(handle as never))).toBe("EINVAL");
  });

  test("openChannel of an end that is open already is EBUSY", () => {
    const [left] = createChannel();
    const end = openChannel(left);
    expect(codeOf(() => openChannel(left))).toBe("EBUSY");
    end.guest.detach();
  });
});

test("attach refuses no handle", () => {
  for (const handle of [null, undefined, 3, {}, [], "guest"]) {
    expect(
      codeOf(() => attach(handle as never)),
      String(handle),
    ).toBe("EINVAL");
  }
});

describe("a handle of which one member is wrong is none", () => {
  const rows = (members: string[], wrong: [string, unknown][]): [string, string, unknown][] =>
    members.flatMap((member) => wrong.map(([what, bad]): [string, string, unknown] => [member, what, bad]));

  test.each([
    ...rows(["ticket", "used", "own", "wake", "pairs", "endpoints", "pools"], [["missing", undefined]]),
    ...rows(
      ["ticket"],
      [
        ["no integer", 1.5],
        ["a string", "1"],
      ],
    ),
    ...rows(
      ["used", "own", "wake"],
      [
        ["an ArrayBuffer", new ArrayBuffer(64)],
        ["a view", new Int32Array(16)],
      ],
    ),
    ...rows(["pairs", "endpoints", "pools"], [["no array", { length: 0 }]]),
  ])("%s is %s", (member, _what, bad) => {
    const handle = { ...createChannel()[0], [member]: bad };
    const verbs = [attach, openChannel, guestDown];
    expect(verbs.map((verb) => codeOf(() => verb(handle)))).toEqual(["EINVAL", "EINVAL", "EINVAL"]);
  });

  test("and one of which none is wrong is one, though it is a copy", () => {
    expect(attachFor({ ...createChannel()[0] }).attached).toBe(true);
  });
});
