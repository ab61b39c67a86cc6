/** What the shared memory behind a handle tells somebody who is attached as nobody: to watch threads that are blocked. */

const SLEEPING = 1 << 31;
const PENDING = 1;
const MASKED = 2;

/** Whether the guest of the handle sleeps until a ring: blocked, or on its event loop. */
export function asleep(handle) {
  return sleeps(handle.wake);
}

/** Whether the first peer of the handle's guest does. */
export function peerAsleep(handle) {
  return sleeps(handle.pairs[0].peerWake);
}

/** Nothing else may be in the word: whoever sleeps has taken all rings. */
function sleeps(wake) {
  return Atomics.load(new Int32Array(wake), 0) === SLEEPING;
}

/** Whether the guest's first line is masked: it spins on it. */
export function masked(handle) {
  return (Atomics.load(lineWord(handle, handle.endpoints[0]), 0) & MASKED) !== 0;
}

/** Does what a peer does that dies in the middle of ringing the guest's first line: the line is pending, nobody is woken. */
export function ringHalfway(handle) {
  Atomics.or(lineWord(handle, handle.endpoints[0]), 0, PENDING);
}

/** Sets both counters of both queues of the guest's first channel. */
export function setCounts(handle, count) {
  const { pair, rxOffset, txOffset } = handle.endpoints[0];
  for (const offset of [rxOffset, txOffset]) {
    for (const word of [0x00, 0x40]) new Uint32Array(handle.pairs[pair].area, offset + word, 1)[0] = count;
  }
}

/** Describes all that is not at rest. */
export function dump(handles) {
  return handles
    .flatMap((handle) => [
      `guest ${handle.vmid}: ${asleep(handle) ? "asleep" : "awake"}, wake word ${new Int32Array(handle.wake)[0] >>> 0}`,
      ...handle.endpoints.map((endpoint) => describe(handle, endpoint)).filter((line) => line !== ""),
    ])
    .join("\n");
}

/** The headers of both queues of the guest's first channel. */
export function headers(handle) {
  return queues(handle, handle.endpoints[0]).join("; ");
}

function queues(handle, { pair, txOffset, rxOffset }) {
  const { area } = handle.pairs[pair];
  return [txOffset, rxOffset].map((offset) => {
    const [tx, state, rx] = [0x00, 0x04, 0x40].map((word) => new Uint32Array(area, offset + word, 1)[0]);
    return `tx.count ${tx}, rx.count ${rx}, ${["established", "sync", "ack"][state]}${tx === rx ? "" : ", not empty"}`;
  });
}

function describe(handle, endpoint) {
  const line = Atomics.load(lineWord(handle, endpoint), 0);
  const bits = `${line & PENDING ? " pending" : ""}${line & MASKED ? " masked" : ""}`;
  const [tx, rx] = queues(handle, endpoint);
  if (bits === "" && /established$/.test(tx) && /established$/.test(rx)) return "";
  return `  endpoint ${endpoint.id}: tx (${tx}), rx (${rx}), line:${bits || " quiet"}`;
}

/** The line's word in the pair's area, which src/hypervisor/areas.ts lays out. */
function lineWord(handle, { pair, channel, side }) {
  return new Int32Array(handle.pairs[pair].area, (2 + 3 * channel + side) * 64, 1);
}
