/** This library: what it costs to deliver a frame to a guest with many channels of which one is active. One thread holds both ends. */
import { attach, Hypervisor } from "ivc-ring";
import { check, must, stamp } from "../frame.mjs";

export function poll({ frameSize, nframes, channels }) {
  const queues = Array.from({ length: channels }, (_, id) => ({ id, peers: [0, 1], nframes, frameSize }));
  const hypervisor = new Hypervisor({ queues });
  const [near, far] = [attach(hypervisor.guest(0)), attach(hypervisor.guest(1))];
  const data = new Uint8Array(frameSize);
  const into = new Uint8Array(frameSize);
  let received = 0;
  const rxReady = ({ rx }) => {
    while (rx.read(into)) check(into, received++);
  };
  for (const { id } of queues) far.reserve(id, { rxReady });
  const { tx } = near.reserve(Math.floor(channels / 2));
  let sent = 0;
  return {
    run(n) {
      const start = performance.now();
      for (let i = 0; i < n; i++) {
        stamp(data, sent++);
        must(tx.write(data), "room");
        far.poll();
      }
      must(received === sent, "every frame to be delivered");
      return { ms: performance.now() - start };
    },
  };
}
