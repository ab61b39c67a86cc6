/** The kernel face agrees with the idiomatic one call for call (SPEC §7): the same run on two channels of a kind. */
import { test } from "@fast-check/vitest";
import * as fc from "fast-check";
import type { IvcCookie } from "../../src/index.ts";
import * as tegra from "../../src/tegra/index.ts";
import { geometry, message, runs, TIMEOUT } from "./arbitraries.ts";
import type { Geometry } from "./model.ts";
import { both, type Kind, Twins } from "./twins.ts";
import type { Step } from "./verbs.ts";

function copyFrame(frame: Uint8Array | number | undefined, into: Uint8Array, data?: Uint8Array): boolean {
  if (typeof frame !== "object") return false;
  into.set(frame);
  if (data) frame.set(data);
  return true;
}

function transfers({ nframes, frameSize }: Geometry): fc.Arbitrary<Step<Twins>>[] {
  const data = message(frameSize);
  const longData = message(frameSize + 2);
  const part = (most: number) =>
    fc.tuple(fc.nat(most), fc.nat(5)).map(([size, more]) => ({ size, length: size + more }));
  const offset = fc.nat(frameSize);
  const ahead = fc.nat(nframes - 1);
  const count = fc.integer({ min: 1, max: nframes });
  return [
    fc.tuple(longData, fc.nat(2)).chain(([data, less]) => {
      const size = Math.max(data.byteLength - less, 0);
      return both(
        `write(${size} of ${data.byteLength} bytes)`,
        ({ ck }) => tegra.tegra_hv_ivc_write(ck, data, size),
        (twin) => twin.move(size, ({ tx }) => tx.write(data.subarray(0, size))),
      );
    }),
    part(frameSize + 9).chain(({ size, length }) =>
      both(
        `read(${size} of ${length} bytes)`,
        ({ ck }, into) => tegra.tegra_hv_ivc_read(ck, into, size),
        (twin, into) => twin.move(Math.min(size, frameSize), ({ rx }) => rx.read(into.subarray(0, size))),
        length,
      ),
    ),
    fc.tuple(data, offset).chain(([data, offset]) =>
      both(
        `write_poke(${data.byteLength} bytes, ${offset})`,
        ({ ck }) => tegra.tegra_hv_ivc_write_poke(ck, data, offset, data.byteLength),
        (twin) => twin.move(0, ({ tx }) => tx.poke(data, offset)),
      ),
    ),
    fc.tuple(part(frameSize), offset).chain(([{ size, length }, offset]) =>
      both(
        `read_peek(${size} of ${length} bytes, ${offset})`,
        ({ ck }, into) => tegra.tegra_hv_ivc_read_peek(ck, into, offset, size),
        (twin, into) => twin.move(0, ({ rx }) => rx.peek(into.subarray(0, size), offset)),
        length,
      ),
    ),
    fc.tuple(ahead, data).chain(([ahead, data]) =>
      both(
        `write_get_next_frame(${ahead})`,
        ({ ck }, into) => {
          const frame = tegra.tegra_hv_ivc_write_get_next_frame(ck, ahead);
          return copyFrame(frame, into, data) ? 0 : tegra.PTR_ERR(frame);
        },
        (twin, into) => twin.move(0, ({ tx }) => copyFrame(tx.getNextFrame(ahead), into, data)),
        frameSize,
      ),
    ),
    ahead.chain((ahead) =>
      both(
        `read_get_next_frame(${ahead})`,
        ({ ck }, into) => {
          const frame = tegra.tegra_hv_ivc_read_get_next_frame(ck, ahead);
          return copyFrame(frame, into) ? 0 : tegra.PTR_ERR(frame);
        },
        (twin, into) => twin.move(0, ({ rx }) => copyFrame(rx.getNextFrame(ahead), into)),
        frameSize,
      ),
    ),
    count.chain((count) =>
      both(
        `write_advance(${count})`,
        ({ ck }) => tegra.tegra_hv_ivc_write_advance(ck, count),
        (twin) => twin.move(0, ({ tx }) => tx.advance(count)),
      ),
    ),
    count.chain((count) =>
      both(
        `read_advance(${count})`,
        ({ ck }) => tegra.tegra_hv_ivc_read_advance(ck, count),
        (twin) => twin.move(0, ({ rx }) => rx.advance(count)),
      ),
    ),
  ];
}

const questions: fc.Arbitrary<Step<Twins>>[] = [
  both(
    "can_read",
    ({ ck }) => tegra.tegra_hv_ivc_can_read(ck),
    (twin) => twin.ask(({ rx }) => rx.canRead()),
  ),
  both(
    "can_write",
    ({ ck }) => tegra.tegra_hv_ivc_can_write(ck),
    (twin) => twin.ask(({ tx }) => tx.canWrite()),
  ),
  both(
    "tx_empty",
    ({ ck }) => tegra.tegra_hv_ivc_tx_empty(ck),
    (twin) => twin.ask(({ tx }) => tx.isEmpty()),
  ),
  both(
    "tx_frames_available",
    ({ ck }) => tegra.tegra_hv_ivc_tx_frames_available(ck),
    (twin) => twin.ask(({ tx }) => tx.framesAvailable()),
  ),
];

/** A void function: does nothing if the cookie is not reserved. */
function voidCall(label: string, kernel: (ck: tegra.TegraIvcCookie) => void, idiomatic: (cookie: IvcCookie) => void) {
  return both(
    label,
    ({ ck }) => Number(kernel(ck) !== undefined),
    ({ cookie }) => {
      if (cookie.reserved) idiomatic(cookie);
      return 0;
    },
  );
}

const notified = both(
  "channel_notified",
  ({ ck }) => tegra.tegra_hv_ivc_channel_notified(ck),
  (twin) => twin.attempt(() => (twin.cookie.notified() ? 0 : -tegra.EAGAIN)),
);
const poll = both(
  "poll_irqs",
  ({ dn }) => tegra.poll_irqs(dn),
  ({ guest }) => guest.poll(),
);

const controls: fc.Arbitrary<Step<Twins>>[] = [
  notified,
  notified,
  poll,
  poll,
  both(
    "wait_for_irqs",
    ({ dn }) => tegra.wait_for_irqs(dn, 0),
    ({ guest }) => guest.wait(0),
  ),
  voidCall("channel_reset", tegra.tegra_hv_ivc_channel_reset, (cookie) => cookie.reset()),
  voidCall("notify", tegra.tegra_hv_ivc_notify, (cookie) => cookie.notify()),
  fc.constantFrom(0, 1).chain((mode) =>
    both(
      `set_loopback(${mode})`,
      ({ ck }) => tegra.tegra_hv_ivc_set_loopback(ck, mode),
      (twin) => twin.order((cookie) => cookie.setLoopback(mode === 1)),
    ),
  ),
  both(
    "perform_loopback",
    ({ ck }) => tegra.tegra_hv_ivc_perform_loopback(ck),
    (twin) => twin.order((cookie) => cookie.performLoopback()),
  ),
  both(
    "unreserve",
    ({ ck }) => tegra.tegra_hv_ivc_unreserve(ck),
    (twin) => (twin.cookie.reserved ? twin.order((cookie) => cookie.unreserve()) : -tegra.EINVAL),
  ),
  fc.constantFrom<Kind[]>("none", "rx", "both").chain((kind) =>
    both(
      `reserve(${kind})`,
      (twin) => twin.reserve(kind),
      (twin) => twin.reserve(kind),
    ),
  ),
  both(
    "disable_irq",
    ({ dn }) => tegra.disable_irq(dn, 1),
    (twin) => twin.order(() => twin.guest.disableIrq(1)),
  ),
  both(
    "enable_irq",
    ({ dn }) => tegra.enable_irq(dn, 1),
    (twin) => twin.order(() => twin.guest.enableIrq(1)),
  ),
  both(
    "free_irq",
    ({ dn }) => tegra.free_irq(dn, 1),
    (twin) => twin.order(() => twin.guest.freeIrq(1)),
  ),
  both(
    "request_irq",
    ({ dn, calls }) => tegra.request_irq(dn, 1, (irq) => void calls.push(`irq ${irq}`)),
    (twin) => twin.order(() => twin.guest.requestIrq(1, (irq) => void twin.calls.push(`irq ${irq}`))),
  ),
];

const run = geometry.chain((geometry) =>
  fc.record({
    geometry: fc.constant(geometry),
    steps: fc.commands([...transfers(geometry), ...transfers(geometry), ...questions, ...controls], {
      maxCommands: 80,
      size: "max",
    }),
  }),
);

test.prop([run], runs(500))(
  "the kernel face does what the idiomatic face does",
  ({ geometry, steps }) => {
    const twins = new Twins(geometry);
    try {
      fc.modelRun(() => ({ model: twins, real: undefined }), steps);
    } finally {
      twins.remove();
    }
  },
  TIMEOUT,
);
