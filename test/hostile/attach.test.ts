/**
 * SPEC §9 while a guest attaches, reserves, lets go, or is said to be down: the own words are loaded once, the positions come
 * from where the peer cannot reach, and nothing else changes. The peer is free in a window of fetches that slides.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { areaWords, reservationIndex } from "../../src/hypervisor/areas.ts";
import { attach, type Guest, guestDown, type IvcCookie, openChannel } from "../../src/index.ts";
import type * as Memory from "../../src/memory.ts";
import { besiegeOpening } from "./guest-siege.ts";
import { stopTheClock, World } from "./guest-world.ts";
import { KINDS, OOPS, tally, throwing } from "./handlers.ts";

vi.mock("../../src/memory.ts", async (original) => {
  const { besieged } = await import("./besieged.ts");
  return besieged(await original<typeof Memory>());
});

beforeAll(stopTheClock);

/** The counts are not those that one would find from the positions: a peer that changes them changes no position. */
const COUNTS = [2 ** 32 - 1, 7] as const;

/** The positions are those handed over, and moved on by as many frames as the ops moved. */
function checkOpened(cookie: IvcCookie, world: World): void {
  const { tx, rx } = cookie.channel;
  const { channel } = world;
  const { nframes } = cookie;
  if (tx.position !== (channel.tx.position + tally.published) % nframes) throw new Error("another tx position");
  if (rx.position !== (channel.rx.position + tally.consumed) % nframes) throw new Error("another rx position");
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
    expect(besiegeOpening(world, reserve, (answer) => checkOpened(answer, world))).toBe(17);
  });

  test("attach and reserve do so too, on a thread that comes after", () => {
    const world = new World({ nframes, counts: COUNTS, rung: true });
    const attachAnew = (): IvcCookie => {
      world.guest.detach();
      return attach(world.spare).reserve(0);
    };
    expect(besiegeOpening(world, attachAnew, (answer) => checkOpened(answer, world))).toBe(34);
  });
});

/** Opens guest 0's first endpoint alone, as of a handle that has no other. */
test("openChannel does so too", () => {
  const world = new World({ counts: COUNTS, rung: true });
  const { pairs, endpoints, ...rest } = world.spare;
  const handle = { ...rest, pairs: pairs.slice(0, 1), endpoints: endpoints.slice(0, 1) };
  const open = (): IvcCookie => {
    world.guest.detach();
    return openChannel(handle);
  };
  expect(besiegeOpening(world, open, (answer) => checkOpened(answer, world))).toBe(31);
});

/** An unreserve: both positions, who holds it, and the reservation. */
const GIVE_BACK = 4;
/** A reserve: the reservation, both positions, three own words that are there, and who holds it, twice. */
const TAKE = 1 + 2 + 3 + 2;

describe.each(["rxReady that drains", "both in place", "rxReady that throws"])("reserve with %s", (name) => {
  test("calls it once, and then goes on from where it left off; or it is not reserved", () => {
    const { handlers, cost } = KINDS[name]!;
    const world = new World({ nframes: 2, counts: COUNTS });
    const owner = areaWords(world.handle.own);
    const reserve = (): IvcCookie | undefined => {
      world.cookie.unreserve();
      try {
        return world.guest.reserve(0, handlers);
      } catch (error) {
        if (error !== OOPS) throw error;
        return undefined;
      }
    };
    const check = (cookie: IvcCookie | undefined): void => {
      if (cookie) checkOpened(cookie, world);
      else if (owner[reservationIndex(0)] !== 0) throw new Error("expected it to be free again");
    };
    const gaveBack = throwing(name) ? GIVE_BACK : 0;
    expect(besiegeOpening(world, reserve, check, true)).toBe(GIVE_BACK + TAKE + cost(2) + gaveBack);
  });
});

test("a new handle touches nothing but what its guest alone reaches", () => {
  const world = new World();
  const check = (ticket: number): void => {
    if (ticket !== 3) throw new Error(`expected the third ticket, got ${ticket}`);
  };
  expect(besiegeOpening(world, () => world.hypervisor.guest(0).ticket, check)).toBe(1);
});

test("guestDown frees what the dead thread had, and rings, whatever the peer answers", () => {
  const world = new World({ own: "ack" });
  const check = (answer: unknown): void => {
    if (answer !== true) throw new Error(`expected true, got ${String(answer)}`);
  };
  expect(besiegeOpening(world, () => guestDown(world.handle), check)).toBe(21);
  expect(() => attach(world.spare)).not.toThrow();
});

test("detach lets go of all", () => {
  const world = new World({ loopback: true, waiting: 2 });
  const detach = (): Guest => {
    world.guest.detach();
    return world.guest;
  };
  const most = besiegeOpening(world, detach, (guest) => {
    if ((guest as Guest).attached) throw new Error("expected it to be detached");
  });
  expect(most).toBe(9);
});
