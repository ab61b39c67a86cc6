/**
 * SPEC §9 while a guest attaches, reserves, lets go, or is said to be down: the own words are loaded once, the positions come
 * from where the peer cannot reach, and nothing else changes. The peer is free in a window of fetches that slides.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { attach, type Guest, guestDown, type IvcCookie } from "../../src/index.ts";
import type * as Memory from "../../src/memory.ts";
import { adversary } from "./adversary.ts";
import { mayOpen } from "./contract.ts";
import { stopTheClock, World } from "./guest-world.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { besieged } = await import("./besieged.ts");
  return besieged(await original<typeof Memory>());
});

beforeAll(stopTheClock);

/** Makes a call with the peer free in any two fetches in a row; the most operations that it took. */
function besiege(world: World, call: () => unknown, check: (answer: unknown) => void): number {
  let most = 0;
  mayOpen(world.places, true);
  for (let from = 0, last = 0; from <= last; from++) {
    adversary.exhaust(() => {
      world.restore();
      const answer = adversary.disturb(call);
      check(answer);
      world.checkCanaries();
      most = Math.max(most, adversary.operations);
    }, [from, from + 2]);
    last = adversary.longest - 2;
  }
  return most;
}

/** The counts are not those that one would find from the positions: a peer that changes them changes no position. */
const COUNTS = [2 ** 32 - 1, 7] as const;

function checkOpened(cookie: IvcCookie, world: World): void {
  const { tx, rx } = cookie.channel;
  const { tx: before, rx: beforeRx } = world.channel;
  if (tx.position !== before.position || rx.position !== beforeRx.position) throw new Error("other positions");
  if (!["established", "sync", "ack"].includes(cookie.state) || cookie.session !== 0) throw new Error(cookie.state);
}

describe.each([1, 3])("with %i frames", (nframes) => {
  test("reserve goes on from the positions handed over, whatever the counts", () => {
    const world = new World({ nframes, counts: COUNTS });
    const { guest, cookie } = world;
    const reserve = (): IvcCookie => {
      cookie.unreserve();
      return guest.reserve(0);
    };
    expect(besiege(world, reserve, (answer) => checkOpened(answer as IvcCookie, world))).toBe(17);
  });

  test("attach and reserve do so too, on a thread that comes after", () => {
    const world = new World({ nframes, counts: COUNTS, rung: true });
    const attachAnew = (): IvcCookie => {
      world.guest.detach();
      return attach(world.spare).reserve(0);
    };
    expect(besiege(world, attachAnew, (answer) => checkOpened(answer as IvcCookie, world))).toBe(34);
  });
});

test("guestDown frees what the dead thread had, and rings, whatever the peer answers", () => {
  const world = new World({ own: "ack" });
  const check = (answer: unknown): void => {
    if (answer !== true) throw new Error(`expected true, got ${String(answer)}`);
  };
  expect(besiege(world, () => guestDown(world.handle), check)).toBe(21);
  expect(() => attach(world.spare)).not.toThrow();
});

test("detach lets go of all", () => {
  const world = new World({ loopback: true, waiting: 2 });
  const detach = (): Guest => {
    world.guest.detach();
    return world.guest;
  };
  const most = besiege(world, detach, (guest) => {
    if ((guest as Guest).attached) throw new Error("expected it to be detached");
  });
  expect(most).toBe(9);
});
