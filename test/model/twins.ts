/** Two channels of a kind, one used through the kernel face and one through the idiomatic face. */
import * as fc from "fast-check";
import { attach, type Guest, type GuestHandle, Hypervisor, type IvcCookie, IvcError } from "../../src/index.ts";
import * as tegra from "../../src/tegra/index.ts";
import { agree, agreeOnBytes } from "./lockstep.ts";
import type { Geometry } from "./model.ts";
import { Step } from "./verbs.ts";

type Side = 0 | 1;
type Pair = GuestHandle["pairs"][number];
export type Kind = "none" | "rx" | "both";

/** One side of the idiomatic channel, answering in the kernel's way by the table of SPEC §7. */
class Idiomatic {
  readonly guest: Guest;
  readonly handle: GuestHandle;
  cookie: IvcCookie;
  readonly calls: string[] = [];

  constructor(handle: GuestHandle) {
    this.handle = handle;
    this.guest = attach(handle);
    this.cookie = this.guest.reserve(0);
  }

  /** `good` for true; −ECONNRESET or −ENOMEM, by the state, for false; −errno for what is thrown. */
  move(good: number, call: (cookie: IvcCookie) => boolean): number {
    const { cookie } = this;
    return this.attempt(() => {
      if (call(cookie)) return good;
      return cookie.state === "established" ? -tegra.ENOMEM : -tegra.ECONNRESET;
    });
  }

  attempt(call: () => number): number {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof IvcError)) throw error;
      return -error.errno;
    }
  }

  /** Questions about a cookie that is not reserved are answered by 0. */
  ask(call: (cookie: IvcCookie) => boolean | number): number {
    return this.cookie.reserved ? Number(call(this.cookie)) : 0;
  }

  order(call: (cookie: IvcCookie) => void): number {
    return this.attempt(() => {
      call(this.cookie);
      return 0;
    });
  }

  reserve(kind: Kind): number {
    return this.attempt(() => {
      this.cookie = this.guest.reserve(0, {
        ...(kind !== "none" && { rxReady: ({ rx }: IvcCookie) => void this.calls.push(`rx ${rx.framesAvailable()}`) }),
        ...(kind === "both" && { txReady: ({ tx }: IvcCookie) => void this.calls.push(`tx ${tx.framesAvailable()}`) }),
      });
      return 0;
    });
  }
}

/** One side of the kernel channel. */
class Kernel {
  readonly dn: tegra.DeviceNode;
  ck: tegra.TegraIvcCookie;
  readonly handle: GuestHandle;
  readonly calls: string[] = [];

  constructor(handle: GuestHandle) {
    this.handle = handle;
    this.dn = tegra.tegra_hv_probe(handle) as tegra.DeviceNode;
    this.ck = tegra.tegra_hv_ivc_reserve(this.dn, 0, null) as tegra.TegraIvcCookie;
  }

  reserve(kind: Kind): number {
    const rx_rdy = (ck: tegra.TegraIvcCookie): void => {
      let frames = 0;
      while (!tegra.IS_ERR(tegra.tegra_hv_ivc_read_get_next_frame(ck, frames))) frames++;
      this.calls.push(`rx ${frames}`);
    };
    const tx_rdy = (ck: tegra.TegraIvcCookie): void =>
      void this.calls.push(`tx ${tegra.tegra_hv_ivc_tx_frames_available(ck)}`);
    const ck = tegra.tegra_hv_ivc_reserve(this.dn, 0, {
      ...(kind !== "none" && { rx_rdy }),
      ...(kind === "both" && { tx_rdy }),
    });
    if (tegra.IS_ERR(ck)) return tegra.PTR_ERR(ck);
    this.ck = ck;
    return 0;
  }
}

export class Twins {
  readonly idiomatic: readonly Idiomatic[];
  readonly kernel: readonly Kernel[];

  constructor(geometry: Geometry) {
    const config = { queues: [{ id: 0, peers: [0, 1] as const, ...geometry }] };
    const [one, other] = [new Hypervisor(config), new Hypervisor(config)];
    this.idiomatic = [0, 1].map((vmid) => new Idiomatic(one.guest(vmid)));
    this.kernel = [0, 1].map((vmid) => new Kernel(other.guest(vmid)));
  }

  /** All that the two guests share: queues, states, and which lines are pending. */
  check(): void {
    for (const [side, { handle, calls }] of this.kernel.entries()) {
      const twin = this.idiomatic[side] as Idiomatic;
      agree(`calls of ops of guest ${side}`, calls.join(), twin.calls.join());
      const bytes = ({ pairs: [pair] }: GuestHandle): Uint8Array => new Uint8Array((pair as Pair).area);
      agreeOnBytes("memory", bytes(handle), bytes(twin.handle));
    }
  }

  remove(): void {
    for (const { dn } of this.kernel) tegra.tegra_hv_remove(dn);
  }
}

/** The same call of both faces, on one side; `into` is a buffer of each that must hold the same afterwards. */
export function both(
  label: string,
  kernel: (twin: Kernel, into: Uint8Array) => number,
  idiomatic: (twin: Idiomatic, into: Uint8Array) => number,
  size = 0,
): fc.Arbitrary<Step<Twins>> {
  return fc.constantFrom<Side[]>(0, 1).map(
    (side) =>
      new Step<Twins>(`guest ${side}: ${label}`, (twins) => {
        const [ours, theirs] = [new Uint8Array(size), new Uint8Array(size)];
        const expected = idiomatic(twins.idiomatic[side] as Idiomatic, theirs);
        agree(label, kernel(twins.kernel[side] as Kernel, ours), expected);
        agreeOnBytes(label, ours, theirs);
      }),
  );
}
