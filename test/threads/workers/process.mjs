/** The main thread of a process that does one thing and should end by itself. Says on stdout what happened. */
import { Worker } from "node:worker_threads";
import { attach, createChannel, Hypervisor, openChannel } from "ivc-ring";
import { Supervisor } from "ivc-ring/node";
import { FRAME_SIZE } from "./frames.mjs";

const [mine, theirs] = createChannel({ nframes: 4, frameSize: FRAME_SIZE });
const FRAMES = 20;

/** A worker that does not keep this process alive, and sends frames one by one. */
function startSender() {
  new Worker(new URL("./stream.mjs", import.meta.url), { workerData: { handle: theirs, send: FRAMES } }).unref();
}

const cases = {
  "listens until the last frame"() {
    const { guest, irq, rx } = openChannel(mine);
    let count = 0;
    guest.requestIrq(irq, () => {
      for (; rx.advance(); count++);
      if (count === FRAMES) {
        guest.stopListening();
        console.info(`stopped after ${count}`);
      }
    });
    guest.listen();
    startSender();
  },

  "listens without keepAlive"() {
    const { guest, irq, rx } = openChannel(mine);
    guest.requestIrq(irq, () => rx.advance());
    guest.listen({ keepAlive: false });
    console.info("listening");
  },

  async "awaits a wait"() {
    console.info(await openChannel(mine).rx.waitReadableAsync(400));
  },

  async "awaits a wait, which a worker ends"() {
    const { rx } = openChannel(mine);
    startSender();
    console.info(await rx.waitReadableAsync(20_000));
  },

  async "listens without keepAlive, and awaits a wait"() {
    const end = openChannel(mine);
    end.guest.listen({ keepAlive: false });
    console.info(await end.rx.waitReadableAsync(400));
  },

  "has a supervisor that never had a worker"() {
    new Supervisor();
    console.info("nothing to do");
  },

  async "has a supervisor whose worker has ended"() {
    const worker = new Supervisor().start(new URL("./mortal.mjs", import.meta.url), {
      guests: [theirs],
      workerData: { handle: theirs, way: "before it attached" },
    });
    const { exitCode } = await worker.exited;
    console.info(`exit code ${exitCode}`);
  },

  "throws in a handler"() {
    listenAndThrow();
  },

  "throws in a handler, catches it, and goes on"() {
    process.on("uncaughtException", ({ message }, origin) => console.info(`${origin}: ${message}`));
    listenAndThrow();
  },
};

/** The handler of the first line throws, that of the second stops listening. */
function listenAndThrow() {
  const queues = [0, 1].map((id) => ({ id, peers: [0, 1], nframes: 1, frameSize: FRAME_SIZE }));
  const guest = attach(new Hypervisor({ queues }).guest(0));
  guest.requestIrq(guest.reserve(0).irq, () => {
    throw new Error("thrown in a handler");
  });
  guest.requestIrq(guest.reserve(1).irq, () => {
    console.info("and the next");
    guest.stopListening();
  });
  guest.listen();
}

await cases[process.argv[2]]();
