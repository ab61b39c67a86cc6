/** Who may attach and reserve: one at a time; and the next goes on where the last one stopped. */
import type { GuestHandle } from "../../../src/hypervisor/handle.ts";
import { End, type Step } from "../end.ts";
import type { Scenario, Thread } from "../scenario.ts";
import { type Idle, once, polls, receive, send, waits } from "../steps.ts";
import { makeGuests } from "../worlds.ts";

/** Attaches and reserves; tries until it can. */
function open(handle: GuestHandle): Step {
  return (end) => {
    try {
      end.attach(handle).reserve().goOn();
      return true;
    } catch (error) {
      end.environment.recorder.expect((error as { code?: string }).code === "EBUSY", String(error));
      return false;
    }
  };
}

const close: Step = once(({ guest }) => guest?.detach());

const PEERS: { readonly [name: string]: Idle } = { polls, parks: waits(0) };

export const owners: Scenario[] = [];

for (const [name, idle] of Object.entries(PEERS)) {
  owners.push({
    name: `two threads want to be one guest, the peer ${name}`,
    shows: "one owner at a time, who goes on from the last one's counts and positions",
    sample: true,
    build: (machine, library) => {
      const queues = [{ id: 0, peers: [0, 1] as const, nframes: 2, frameSize: 64 }];
      const { handles, constants } = makeGuests(machine, library, queues, [0, 1, 1]);
      const [own, ...rivals] = handles as readonly [GuestHandle, ...GuestHandle[]];
      return {
        constants,
        threads: [
          { name: "peer", guest: 0, start: (e) => new End(e, [receive.copy(2, idle)]).attach(own).reserve() },
          ...rivals.map(
            (handle, i): Thread => ({
              name: `rival ${i}`,
              guest: 1,
              start: (e) => new End(e, [open(handle), send.copy(1), close]),
            }),
          ),
        ],
      };
    },
  });
}
