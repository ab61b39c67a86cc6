/** What holds in a browser: the window and its workers exchange frames. The findings go to whoever served the page. */
import { attach, createChannel, guestDown, Hypervisor, openChannel } from "/dist/index.js";
import { callAsync, must, PATIENCE } from "./calls.mjs";

const GEOMETRY = { nframes: 16, frameSize: 64 };

/** Starts a worker that runs a job of worker.mjs, and answers what it returned. */
function start(job, handle, params = {}) {
  const worker = new Worker("worker.mjs", { type: "module" });
  const result = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.result));
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.postMessage({ job, handle, params });
  return { worker, result };
}

/** Runs two jobs, each in a worker, at the two ends of a channel. */
async function between(first, second, geometry, params) {
  const [a, b] = createChannel(geometry);
  const ends = [start(first, a, params), start(second, b, params)];
  const results = await Promise.all(ends.map(({ result }) => result));
  for (const { worker } of ends) worker.terminate();
  return results;
}

const checks = {
  "the window calls, a worker answers, with async waits": async () => {
    const [mine, theirs] = createChannel(GEOMETRY);
    const { worker, result } = start("echo", theirs, { count: 5000 });
    await callAsync(openChannel(mine), 5000);
    must((await result) === 5000, "all of them to be echoed");
    worker.terminate();
  },

  "the window listens to a worker that waits for room": async () => {
    const count = 100_000;
    const [mine, theirs] = createChannel(GEOMETRY);
    const { worker, result } = start("send", theirs, { count });
    const into = new Uint8Array(GEOMETRY.frameSize);
    let received = 0;
    const listening = new Promise((resolve, reject) => {
      const channel = openChannel(mine, {
        rxReady: ({ rx }) => {
          while (rx.read(into)) {
            if (new Uint32Array(into.buffer)[0] !== received++) reject(new Error(`expected frame ${received - 1}`));
            if (received === count) resolve();
          }
        },
      });
      channel.guest.listen();
    });
    await Promise.all([result, listening]);
    worker.terminate();
  },

  "two workers stream a million frames, spinning": () =>
    between("send", "receive", { nframes: 1024, frameSize: 64 }, { count: 1_000_000 }),

  "two workers stream long frames, which are copied without Buffer": () =>
    between("send", "receive", { nframes: 16, frameSize: 65_536 }, { count: 20_000 }),

  "two workers call each other, parked": () =>
    between("call", "echo", GEOMETRY, { count: 20_000, options: { spin: 0 } }),

  "a worker without Atomics.waitAsync waits on its event loop": () =>
    between("callAsync", "echo", GEOMETRY, { count: 200, withoutWaitAsync: true }),

  "the window may not block, and is told what to call instead": () => {
    const [mine] = createChannel(GEOMETRY);
    const channel = openChannel(mine);
    must(channel.rx.waitReadable(0) === "timed-out", "a look to be allowed");
    for (const wait of [() => channel.rx.waitReadable(100), () => channel.guest.wait(100)]) {
      try {
        wait();
      } catch (error) {
        must(error.code === "EINVAL" && /may not block.*(waitReadableAsync|listen)/.test(error.message), error.message);
        continue;
      }
      throw new Error("expected the wait to be refused");
    }
  },

  "a worker that was terminated is down, its frames can be read, and a successor goes on": async () => {
    const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [0, 1], ...GEOMETRY }] });
    const channel = attach(hypervisor.guest(0)).reserve(0);
    const handle = hypervisor.guest(1);
    const { worker, result } = start("leave", handle);
    await result;
    must((await channel.tx.waitWritableAsync(PATIENCE)) === "ready", "room");
    worker.terminate();
    guestDown(handle);
    must((await channel.tx.waitWritableAsync(PATIENCE)) === "peer-down", "peer-down");
    const frame = new Uint8Array(GEOMETRY.frameSize);
    for (let i = 0; i < 3; i++) must(channel.rx.read(frame) && frame[0] === i, `frame ${i} of the dead`);
    must((await channel.rx.waitReadableAsync(PATIENCE)) === "peer-down", "peer-down");
    const successor = start("echo", hypervisor.guest(1), { count: 1000 });
    must((await channel.waitEstablishedAsync(PATIENCE)) === "ready", "the link to come back");
    await callAsync(channel, 1000);
    must((await successor.result) === 1000, "all of them to be echoed");
    successor.worker.terminate();
  },
};

const findings = [];
for (const [name, check] of Object.entries(checks)) {
  const began = performance.now();
  let error;
  try {
    await check();
  } catch (thrown) {
    error = String(thrown);
  }
  findings.push({ name, error, ms: Math.round(performance.now() - began) });
}
await fetch("/findings", {
  method: "POST",
  body: JSON.stringify({ agent: `${navigator.userAgent}, waitAsync: ${typeof Atomics.waitAsync}`, findings }),
});
