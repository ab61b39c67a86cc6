/** What the victim of memory.mjs calls, and what SPEC §4 and §8 let each call answer and move, whatever its peer writes. */

/** Looks behind `private`: what an endpoint knows, without a look at shared memory. Into `note`, so as not to allocate. */
function lookInside({ tx, rx, link }, note) {
  note.published = tx.count;
  note.consumed = rx.count;
  note.txPosition = tx.position;
  note.rxPosition = rx.position;
  note.session = link.session;
  note.state = link.state;
}

const isFlag = (answer) => answer === true || answer === false;
const isFrame = (answer, end) =>
  answer === undefined || (answer instanceof Uint8Array && answer.byteLength === end.frameSize);
const isCount = (answer, end) => Number.isInteger(answer) && answer >= 0 && answer <= end.nframes;
const isNothing = (answer) => answer === undefined;
const isOutcome = (answer) => answer === "ready" || answer === "peer-down" || answer === "timed-out";

const none = () => 0;
const one = (answer) => (answer === true ? 1 : 0);
const all = (answer, end) => (answer === true ? end.nframes : 0);

const data = new Uint8Array(128).fill(7);
const into = new Uint8Array(128);
const part = new Uint8Array(20);
const whole = (end) => data.subarray(0, end.frameSize);

/** Calls on any endpoint: name, call, what it may answer, frames it publishes and consumes then. */
const ON_ENDS = [
  ["tx.write", (end) => end.tx.write(whole(end)), isFlag, one, none],
  ["tx.write, short", (end) => end.tx.write(part), isFlag, one, none],
  ["tx.poke", (end) => end.tx.poke(part, 40), isFlag, none, none],
  ["tx.getNextFrame", (end) => end.tx.getNextFrame(), isFrame, none, none],
  ["tx.getNextFrame, last", (end) => end.tx.getNextFrame(end.nframes - 1), isFrame, none, none],
  ["tx.advance", (end) => end.tx.advance(), isFlag, one, none],
  ["tx.advance, all", (end) => end.tx.advance(end.nframes), isFlag, all, none],
  ["tx.canWrite", (end) => end.tx.canWrite(), isFlag, none, none],
  ["tx.isEmpty", (end) => end.tx.isEmpty(), isFlag, none, none],
  ["tx.isOverfull", (end) => end.tx.isOverfull(), isFlag, none, none],
  ["tx.framesAvailable", (end) => end.tx.framesAvailable(), isCount, none, none],
  ["rx.read", (end) => end.rx.read(into), isFlag, none, one],
  ["rx.read, short", (end) => end.rx.read(part), isFlag, none, one],
  ["rx.peek", (end) => end.rx.peek(part, 40), isFlag, none, none],
  ["rx.getNextFrame", (end) => end.rx.getNextFrame(), isFrame, none, none],
  ["rx.getNextFrame, last", (end) => end.rx.getNextFrame(end.nframes - 1), isFrame, none, none],
  ["rx.advance", (end) => end.rx.advance(), isFlag, none, one],
  ["rx.advance, all", (end) => end.rx.advance(end.nframes), isFlag, none, all],
  ["rx.canRead", (end) => end.rx.canRead(), isFlag, none, none],
  ["rx.isOverfull", (end) => end.rx.isOverfull(), isFlag, none, none],
  ["rx.framesAvailable", (end) => end.rx.framesAvailable(), isCount, none, none],
  ["reset", (end) => end.reset(), isNothing, none, none, true],
  ["notified", (end) => end.notified(), isFlag, none, none, true],
];

/** Calls on a cookie and its guest, which may run reset steps and, in loopback, echo. */
const ON_COOKIES = [
  ["poll", ({ guest }) => guest.poll(), Number.isInteger],
  ["wait 0", ({ guest }) => guest.wait(0), Number.isInteger],
  ["waitReadable 0", ({ rx }) => rx.waitReadable(0), isOutcome],
  ["waitWritable 0", ({ tx }) => tx.waitWritable(0), isOutcome],
  ["waitEstablished 0", (end) => end.waitEstablished(0), isOutcome],
  ["waitReadable, spinning", ({ rx }) => rx.waitReadable(0.01, { spin: 100 }), isOutcome],
  ["notify", (end) => end.notify(), isNothing],
  ["peerDown", (end) => end.peerDown, isFlag],
  ["dump", (end) => end.dump().tx.position < end.nframes, (answer) => answer === true],
  ["disableIrq", ({ guest, irq }) => guest.disableIrq(irq), isNothing],
  ["enableIrq", ({ guest, irq }) => guest.enableIrq(irq), isNothing],
  ["setLoopback, on", (end) => end.setLoopback(true), isNothing],
  ["setLoopback, off", (end) => end.setLoopback(false), isNothing],
  ["setLoopback, still off", (end) => end.setLoopback(false), isNothing],
  ["performLoopback", (end) => (end.loopback ? end.performLoopback() : undefined), isNothing],
].map(([name, call, answers]) => [name, call, answers, none, none, true]);

/** Calls that sleep: seldom made. */
const SLOW = [
  ["wait", ({ guest }) => guest.wait(1), Number.isInteger],
  ["waitReadable", ({ rx }) => rx.waitReadable(1, { spin: 0 }), isOutcome],
  ["waitWritable", ({ tx }) => tx.waitWritable(1), isOutcome],
  ["waitEstablished", (end) => end.waitEstablished(1, { spin: 10 }), isOutcome],
].map(([name, call, answers]) => [name, call, answers, none, none, true]);

/** Calls that wait on the event loop. */
const ASYNC = [
  ["waitReadableAsync", ({ rx }) => rx.waitReadableAsync(2, { spin: 0 }), isOutcome],
  ["waitWritableAsync", ({ tx }) => tx.waitWritableAsync(3), isOutcome],
  ["waitEstablishedAsync", (end) => end.waitEstablishedAsync(3), isOutcome],
].map(([name, call, answers]) => [name, call, answers, none, none, true]);

export const VERBS = {
  ends: ON_ENDS,
  data: ON_ENDS.filter(([, , , , , resets]) => !resets),
  cookies: ON_COOKIES,
  slow: SLOW,
  async: ASYNC,
};

const before = {};
const after = {};
/** Most ms that a call may take, whatever the machine does besides. */
const LONGEST = 5000;
/** What the calls came to, so that one sees that they did something. */
export const moved = { frames: 0, highest: 0 };
export const slowest = { ms: 0, name: "" };

/** Makes a call, and holds it against its verb. `channel` is what lies below the end. Throws if the contract is broken. */
export function call(verb, end, channel) {
  const echoes = end.loopback === true;
  lookInside(channel, before);
  const start = performance.now();
  const answer = verb[1](end);
  check(verb, end, channel, echoes, answer, performance.now() - start);
}

/** As {@link call}, of calls that resolve; all at once, while the guest listens. None turns loopback on or off. */
export async function callAll(verbs, end, channel) {
  lookInside(channel, before);
  const start = performance.now();
  end.guest.listen();
  const answers = await Promise.all(verbs.map(([, run]) => run(end)));
  end.guest.stopListening();
  const took = performance.now() - start;
  for (const [i, verb] of verbs.entries()) check(verb, end, channel, end.loopback, answers[i], took);
}

function check([name, , answers, publishes, consumes, resets], end, channel, echoes, answer, took) {
  const fail = (what) => {
    throw new Error(`${name}: expected ${what}; before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
  };
  lookInside(channel, after);
  if (took > slowest.ms) Object.assign(slowest, { ms: took, name });
  if (took > LONGEST) fail(`at most ${LONGEST} ms, got ${took}`);
  if (!answers(answer, end)) fail(`a documented outcome, got ${String(answer)}`);

  const n = end.nframes;
  const cleared = after.session !== before.session;
  if (cleared && !resets) fail("the same session");
  if (after.state !== before.state && !(resets && after.state >= 0 && after.state <= 2)) fail("the same state");
  const published = (after.published - (cleared ? 0 : before.published)) >>> 0;
  const consumed = (after.consumed - (cleared ? 0 : before.consumed)) >>> 0;
  const mayEcho = resets && (echoes || end.loopback === true);
  if (mayEcho ? published !== consumed : published !== (echoes ? 0 : publishes(answer, end))) {
    fail(`other than ${published} frames published`);
  }
  if (!mayEcho && consumed !== (echoes ? 0 : consumes(answer, end))) fail(`other than ${consumed} frames consumed`);
  if (after.txPosition !== ((cleared ? 0 : before.txPosition) + published) % n) fail("another tx position");
  moved.frames += published + consumed;
  moved.highest = Math.max(moved.highest, after.published >>> 0, after.consumed >>> 0);
  if (after.rxPosition !== ((cleared ? 0 : before.rxPosition) + consumed) % n) fail("another rx position");
}
