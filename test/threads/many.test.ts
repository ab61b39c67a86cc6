import { type GuestHandle, Hypervisor } from "ivc-ring";
import { describe, expect, it } from "vitest";
import { Thread } from "./harness.ts";
import { FRAME_SIZE } from "./workers/frames.mjs";

const CHANNELS = 64;

/** Guest 0 with 64 channels; their other ends belong to one guest, or to a guest each. */
function sides(oneGuest: boolean): { server: GuestHandle; clients: GuestHandle[] } {
  const ids = Array.from({ length: CHANNELS }, (_, id) => id);
  const peer = (id: number) => (oneGuest ? 1 : id + 1);
  const hypervisor = new Hypervisor({
    queues: ids.map((id) => ({ id, peers: [0, peer(id)], nframes: 2, frameSize: FRAME_SIZE })),
  });
  const vmids = new Set(ids.map(peer));
  return { server: hypervisor.guest(0), clients: [...vmids].map((vmid) => hypervisor.guest(vmid)) };
}

describe.each([
  ["of one other guest", true],
  ["of 64 other guests", false],
])("64 channels %s", (_, oneGuest) => {
  const run = async (role: string, rounds: number): Promise<[unknown, unknown]> => {
    const { server, clients } = sides(oneGuest);
    const watch = [server, ...clients];
    const serving = new Thread("many.mjs", { role: "serve", handles: [server], rounds }, { watch });
    const asking = new Thread("many.mjs", { role, handles: clients, rounds }, { watch });
    return Promise.all([serving.hear(), asking.hear()]);
  };

  it("are all served by one guest.wait", async () => {
    const rounds = 300;
    const [served, asked] = await run("ask", rounds);
    expect(served).toMatchObject({ echoes: CHANNELS * rounds });
    expect(asked).toEqual({ checked: CHANNELS * rounds });
  });

  it("wake it one by one", async () => {
    const [served, rung] = await run("ring", 1);
    expect(served).toMatchObject({ echoes: CHANNELS });
    expect(rung).toEqual({ rung: CHANNELS });
  });
});
