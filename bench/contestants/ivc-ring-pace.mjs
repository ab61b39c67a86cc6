/** This library, with frames that come now and then. */
import { createChannel, openChannel } from "ivc-ring";
import { must } from "../frame.mjs";
import { Arrivals, paced } from "../pace.mjs";
import { pair } from "../pair.mjs";

const url = import.meta.url;
const TIMEOUT = 10_000;

function open(name, params) {
  const { frameSize, nframes, options } = params;
  const [mine, handle] = createChannel({ frameSize, nframes });
  const { tx } = openChannel(mine);
  const data = new Uint8Array(frameSize);
  const time = new Float64Array(data.buffer);
  const send = (now) => {
    time[0] = now;
    must(tx.write(data), "room");
  };
  return pair(url, name, paced(send, params), { handle, options });
}

function wait({ handle, options }) {
  const { rx } = openChannel(handle);
  const data = new Uint8Array(rx.frameSize);
  const time = new Float64Array(data.buffer);
  const arrivals = new Arrivals();
  return (_from, n) => {
    const taken = arrivals.take(0, n);
    for (let i = 0; i < n; i++) {
      while (!rx.read(data)) must(rx.waitReadable(TIMEOUT, options) === "ready", "a frame");
      arrivals.add(time[0]);
    }
    return taken;
  };
}

function listen({ handle }) {
  const data = new Uint8Array(handle.endpoints[0].frameSize);
  const time = new Float64Array(data.buffer);
  const arrivals = new Arrivals();
  const rxReady = ({ rx }) => {
    while (rx.read(data)) arrivals.add(time[0]);
  };
  openChannel(handle, { rxReady }).guest.listen();
  return arrivals.take;
}

export const waiting = (params) => open("wait", params);
export const listening = (params) => open("listen", params);

export const far = { wait, listen };
