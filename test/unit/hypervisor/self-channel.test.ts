/** SPEC §2: a channel both of whose peers are the same guest. */
import { describe, expect, test, vi } from "vitest";
import { type Guest, Hypervisor, type IvcCookie } from "../../../src/index.ts";
import { attachFor, codeOf, fill, memoryOf, receive, receiveAll, send, settle } from "../../helpers/hypervisor.ts";

function openSelf(): { hypervisor: Hypervisor; guest: Guest; even: IvcCookie; odd: IvcCookie } {
  const hypervisor = new Hypervisor({ queues: [{ id: 6, peers: [4, 4], nframes: 3, frameSize: 64 }] });
  const guest = attachFor(hypervisor.guest(4));
  const even = guest.reserve(6);
  const odd = guest.reserve(7);
  settle(guest);
  return { hypervisor, guest, even, odd };
}

test("there are two endpoints, id and id + 1, with a line each", () => {
  const { even, odd } = openSelf();
  expect([even.id, odd.id]).toEqual([6, 7]);
  expect([even.peerVmid, odd.peerVmid]).toEqual([4, 4]);
  expect(even.irq).not.toBe(odd.irq);
});

test("they are crossed: what the one writes the other reads", () => {
  const { even, odd } = openSelf();
  send(even, 1);
  send(odd, 2);
  expect([receive(odd), receive(even)]).toEqual([1, 2]);
  expect([receive(odd), receive(even)]).toEqual([undefined, undefined]);
});

test("each rings the line of the other", () => {
  const { guest, even, odd } = openSelf();
  const handlers = [even, odd].map(({ irq }) => {
    const handler = vi.fn();
    guest.requestIrq(irq, handler);
    return handler;
  });
  settle(guest);
  for (const handler of handlers) handler.mockClear();
  even.notify();
  guest.poll();
  expect(handlers.map((handler) => handler.mock.calls.length)).toEqual([0, 1]);
  odd.notify();
  guest.poll();
  expect(handlers.map((handler) => handler.mock.calls.length)).toEqual([1, 1]);
});

test("the even one receives in queue 0, which lies first", () => {
  const { hypervisor, even, odd } = openSelf();
  const marker = (letter: string): Uint8Array => new TextEncoder().encode(letter.repeat(20));
  odd.tx.write(marker("q"));
  even.tx.write(marker("r"));
  const memory = memoryOf(hypervisor.guest(4));
  expect(memory).toContain("q".repeat(20));
  expect(memory.indexOf("q".repeat(20))).toBeLessThan(memory.indexOf("r".repeat(20)));
});

test("between two guests, peers[0] receives in queue 0, whatever the order of their numbers", () => {
  for (const peers of [[2, 9] as const, [9, 2] as const]) {
    const hypervisor = new Hypervisor({ queues: [{ id: 1, peers, nframes: 3, frameSize: 64 }] });
    const [first, second] = peers.map((vmid) => attachFor(hypervisor.guest(vmid)).reserve(1)) as [IvcCookie, IvcCookie];
    second.tx.write(new TextEncoder().encode("q".repeat(20)));
    first.tx.write(new TextEncoder().encode("r".repeat(20)));
    const memory = memoryOf(hypervisor.guest(9));
    expect(memory.indexOf("q".repeat(20))).toBeLessThan(memory.indexOf("r".repeat(20)));
  }
});

test("the reset handshake works", () => {
  const { guest, even, odd } = openSelf();
  send(even, 1);
  even.reset();
  settle(guest);
  expect([even.state, odd.state]).toEqual(["established", "established"]);
  expect(receive(odd)).toBe(undefined);
  send(even, 2);
  expect(receive(odd)).toBe(2);
});

test("a full queue passes on in order, lap after lap", () => {
  const { even, odd } = openSelf();
  for (let lap = 0; lap < 4; lap++) {
    expect(fill(even)).toBe(3);
    expect(receiveAll(odd)).toEqual([1, 2, 3]);
  }
});

describe("blocking on oneself is refused, with an error that names the async way", () => {
  test.each<[string, (cookie: IvcCookie) => unknown]>([
    ["waitReadable", (cookie) => cookie.rx.waitReadable(10)],
    ["waitWritable", (cookie) => cookie.tx.waitWritable(10)],
    ["waitEstablished", (cookie) => cookie.waitEstablished(10)],
  ])("%s", (name, wait) => {
    const { even, odd } = openSelf();
    for (const cookie of [even, odd]) {
      expect(codeOf(() => wait(cookie))).toBe("EINVAL");
      expect(() => wait(cookie)).toThrow(`${name}Async`);
    }
  });
});

describe("async waits work", () => {
  test("readable", async () => {
    const { even, odd } = openSelf();
    const waiting = odd.rx.waitReadableAsync(1000);
    send(even, 3);
    expect(await waiting).toBe("ready");
  });

  test("writable", async () => {
    const { even, odd } = openSelf();
    fill(even);
    const waiting = even.tx.waitWritableAsync(1000);
    receive(odd);
    expect(await waiting).toBe("ready");
  });

  test("without a spin, which only the thread that spins could end", async () => {
    const { even, odd } = openSelf();
    const waiting = odd.rx.waitReadableAsync(1000, { spin: Number.MAX_SAFE_INTEGER });
    send(even, 3);
    expect(await waiting).toBe("ready");
  });

  test("established: both ends run their steps by one guest's waits", async () => {
    const { even, odd } = openSelf();
    even.reset();
    expect(await Promise.all([even.waitEstablishedAsync(1000), odd.waitEstablishedAsync(1000)])).toEqual([
      "ready",
      "ready",
    ]);
    expect([even.state, odd.state]).toContain("established");
  });
});
