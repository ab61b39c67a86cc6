/**
 * Outlives one victim (victim.mjs) after the other on one endpoint. The next one has started before the present one dies,
 * and opens its end once the death is known. Reports of each death how long it took to learn of it, and until there was
 * verified traffic with the successor.
 */
import { parentPort, Worker, workerData } from "node:worker_threads";
import { Hypervisor, openChannel } from "ivc-ring";
import { Supervisor, superviseWorker } from "ivc-ring/node";
import { clock, GO, READY } from "./death.mjs";
import { command, talk } from "./echo.mjs";
import { check, FRAME_SIZE, fill, WILL, wordsOf } from "./frames.mjs";
import { generator } from "./random.mjs";

/** Longest wait, in ms. It must not be reached. */
const LONG = 20_000;

/** `plan`: how each victim shall die, and what it does until then; the last one lives. */
const { kind, plan, seed } = workerData;
const random = generator(seed);
/** When to reset, which depends on time: it must not change the other choices of a seed. */
const resetting = generator(~seed);
const file = new URL("./victim.mjs", import.meta.url);
const hypervisor = new Hypervisor({ queues: [{ id: 0, peers: [0, 1], nframes: 4, frameSize: FRAME_SIZE }] });
const own = hypervisor.guest(0);
const cookie = openChannel(own);
const { tx, rx } = cookie;
parentPort.postMessage({ watch: own });

const eventLoop = {
  readable: (timeout = LONG) => rx.waitReadableAsync(timeout, { spin: 0 }),
  established: () => cookie.waitEstablishedAsync(LONG),
  ready: ({ flags }) => Atomics.waitAsync(flags, READY, 0, LONG).value,
  pause: () => new Promise((resolve) => setImmediate(resolve)),
  start({ guests, ...options }) {
    const worker = new Worker(file, options);
    superviseWorker(worker, guests);
    worker.on("error", () => "if it was not on purpose, there is a complaint");
    return worker;
  },
};

const nap = new Int32Array(new SharedArrayBuffer(4));
const supervisor = kind === "blocked" ? new Supervisor() : undefined;

/** Nothing here lets the event loop run: awaiting what is no promise does not. */
const blocked = {
  readable: (timeout = LONG) => rx.waitReadable(timeout, { spin: 0 }),
  established: () => cookie.waitEstablished(LONG, { spin: 0 }),
  ready: ({ flags }) => Atomics.wait(flags, READY, 0, LONG),
  pause: () => Atomics.wait(nap, 0, 0, 1),
  start: (options) => supervisor.start(file, options),
};

const { readable, established, ready, pause, start } = supervisor ? blocked : eventLoop;

/** The victim that is alive, or died last. */
let victim;

/** A victim that ended by mistake has said why. */
function must(holds, what) {
  const complaint = Buffer.from(victim.complaint.slice(0)).toString().replaceAll("\0", "");
  if (holds && complaint === "") return;
  throw new Error(
    `expected ${what}, ${kind}: ${JSON.stringify({ ...cookie.dump(), victim: { ...victim, complaint } })}`,
  );
}

/** Starts a victim, which then waits for its turn. */
function startVictim(fate) {
  const handle = hypervisor.guest(1);
  const flags = new Int32Array(new SharedArrayBuffer(8));
  const time = new Float64Array(new SharedArrayBuffer(8));
  const complaint = new SharedArrayBuffer(2000);
  const moment = 3 * random();
  const worker = start({
    guests: [handle],
    workerData: { handle, ...fate, moment, flags, time, complaint },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  return { ...fate, moment, flags, time, complaint, terminate: () => worker.terminate() };
}

const frame = new Uint8Array(FRAME_SIZE);
const words = wordsOf(frame);

/** Exchanges frames with a victim, and terminates it if that is its fate, until its death is known. */
async function outlive({ way, doing, moment, time, terminate }) {
  const resets = doing === "in ACK" || doing === "amid resets";
  const deadline = way === "terminated" ? clock() + moment : Number.POSITIVE_INFINITY;
  let sent = WILL;
  let received = WILL;
  let isKilled = false;
  if (resets) {
    // The command would be lost by a reset.
    while (!tx.isEmpty()) await pause();
    cookie.reset();
  }
  for (;;) {
    for (; tx.canWrite(); sent++) {
      fill(words, sent);
      tx.write(frame);
    }
    const timeout = Math.min(isKilled ? LONG : Math.max(deadline - clock(), 0), doing === "amid resets" ? 1 : LONG);
    const outcome = await readable(timeout);
    for (; rx.read(frame); received++) check(words, received);
    if (outcome === "peer-down") return;
    must(outcome === "ready" || timeout < LONG, `news of the death of one ${way} while ${doing}`);
    if (!isKilled && clock() >= deadline) {
      isKilled = true;
      time[0] = clock();
      terminate();
    }
    if (doing === "amid resets" && resetting() < 0.3) cookie.reset();
  }
}

victim = startVictim(plan[0]);
let session = -1;
let echoes = 0;
/** The death of the last victim. */
let death;
await ready(victim);
for (let i = 0; i < plan.length; i++) {
  Atomics.store(victim.flags, GO, 1);
  Atomics.notify(victim.flags, GO);
  must((await established()) === "ready", "the link to be established");
  must(cookie.session !== session, "a new session");
  session = cookie.session;
  echoes += await talk(cookie, echoes, 1, readable);
  if (death) parentPort.postMessage({ ...death, recovered: clock() - death.time });
  echoes += await talk(cookie, echoes, 9, readable);
  if (i === plan.length - 1) break;

  const next = startVictim(plan[i + 1]);
  await ready(next);
  command(cookie);
  await outlive(victim);
  const learned = clock();
  must(cookie.peerDown && (await readable()) === "peer-down", "the death to be known");
  const time = victim.time[0];
  death = { way: victim.way, time, learned: learned - time };
  victim = next;
}
command(cookie);
while (!tx.isEmpty()) await pause();
cookie.guest.detach();
await supervisor?.close();
parentPort.postMessage({ echoes });
