/** SPEC §7, §8: ops in the idiomatic face. The situations they are called in are tested in ../tegra/ops.test.ts. */
import { expect, test } from "vitest";
import type { IvcCookie, IvcOps } from "../../../src/index.ts";
import { codeOf, openPair, receive, send, settle, until } from "../../helpers/hypervisor.ts";

function noting(): { ops: IvcOps; calls: [string, IvcCookie][] } {
  const calls: [string, IvcCookie][] = [];
  return {
    ops: { rxReady: (cookie) => calls.push(["rx", cookie]), txReady: (cookie) => calls.push(["tx", cookie]) },
    calls,
  };
}

test("both are called once inside reserve, with the cookie that it returns", () => {
  const { a, b } = openPair();
  send(b.cookie, 1);
  a.cookie.unreserve();
  const { ops, calls } = noting();
  const cookie = a.guest.reserve(0, ops);
  expect(calls).toEqual([
    ["rx", cookie],
    ["tx", cookie],
  ]);
});

test("rxReady comes before txReady at an interrupt", () => {
  const { ops, calls } = noting();
  const { a, b } = openPair({ ops });
  calls.length = 0;
  send(b.cookie, 1);
  a.guest.poll();
  expect(calls.map(([name]) => name)).toEqual(["rx", "tx"]);
});

test("they are called as members of the ops, so a class works", () => {
  class Driver implements IvcOps {
    readonly seen: number[] = [];
    rxReady(cookie: IvcCookie): void {
      this.seen.push(receive(cookie)!);
    }
  }
  const driver = new Driver();
  const { a, b } = openPair({ ops: driver });
  send(b.cookie, 6);
  a.guest.poll();
  expect(driver.seen).toEqual([6]);
});

test("a partial drainer makes progress while listening, without further rings", async () => {
  const seen: number[] = [];
  const { a, b } = openPair({ ops: { rxReady: (cookie) => seen.push(receive(cookie)!) } });
  a.guest.listen();
  for (const value of [1, 2, 3, 4]) send(b.cookie, value);
  await until(() => seen.length === 4);
  expect(seen).toEqual([1, 2, 3, 4]);
});

test("an exception inside reserve comes out", () => {
  const { a, b } = openPair();
  a.cookie.unreserve();
  const ops = {
    txReady: () => {
      throw new Error("from ops");
    },
  };
  expect(() => a.guest.reserve(0, ops)).toThrow("from ops");
  settle(a.guest, b.guest);
});

test("an exception inside reserve comes out, also if the ops have unreserved the endpoint before", () => {
  const { a, b } = openPair();
  send(b.cookie, 1);
  a.cookie.unreserve();
  const rxReady = (cookie: IvcCookie): void => {
    cookie.unreserve();
    throw new Error("from ops");
  };
  expect(() => a.guest.reserve(0, { rxReady })).toThrow("from ops");
});

test("requestIrq on the line of an endpoint that was reserved with ops is EBUSY", () => {
  const { a } = openPair({ ops: {} });
  expect(codeOf(() => a.guest.requestIrq(a.cookie.irq, () => undefined))).toBe("EBUSY");
});
