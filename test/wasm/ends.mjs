/** Both kinds of end of an area, with the same face: one of this library, one of the peer in WebAssembly. */
import { IvcChannel } from "ivc-ring";
import { BELLS, queuesOf, SCRATCH } from "./area.mjs";

/** An `IvcChannel` on the area; it rings the peer's bell. */
export function openChannel(memory, end, nframes, frameSize) {
  const { buffer } = memory;
  const queues = queuesOf(nframes, frameSize);
  const bell = new Int32Array(buffer, BELLS[1 - end], 1);
  return new IvcChannel({
    rx: { buffer, byteOffset: queues[end] },
    tx: { buffer, byteOffset: queues[1 - end] },
    nframes,
    frameSize,
    notify() {
      Atomics.add(bell, 0, 1);
      Atomics.notify(bell, 0);
    },
  });
}

/** An instance of the peer on the area: its exports. */
export function openInstance(module, memory, end, nframes, frameSize) {
  const queues = queuesOf(nframes, frameSize);
  const traffic = {
    fail(session, place, gotSession, gotPlace) {
      throw new Error(
        `WebAssembly expected frame ${place} of session ${session}, got ${gotPlace >>> 0} of ${gotSession >>> 0}`,
      );
    },
    silent(session, sent, received) {
      throw new Error(`WebAssembly hears nothing in session ${session}, ${sent} sent, ${received} received`);
    },
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, traffic });
  exports.open(queues[end], queues[1 - end], nframes, frameSize, BELLS[end], BELLS[1 - end]);
  return exports;
}

/** The verbs of an end of ours. */
export function channelEnd(memory, end, nframes, frameSize) {
  const channel = openChannel(memory, end, nframes, frameSize);
  return {
    write: (data) => channel.tx.write(data),
    read: (into) => channel.rx.read(into),
    reset: () => channel.reset(),
    notified: () => channel.notified(),
    isEstablished: () => channel.state === "established",
  };
}

/** The same verbs of an end in WebAssembly. */
export function wasmEnd(module, memory, end, nframes, frameSize) {
  const peer = openInstance(module, memory, end, nframes, frameSize);
  const scratch = new Uint8Array(memory.buffer, SCRATCH, 2 * frameSize);
  return {
    write(data) {
      scratch.set(data);
      return peer.write(SCRATCH, data.length) === 1;
    },
    read(into) {
      scratch.fill(0xee);
      const answer = peer.read(SCRATCH, into.length) === 1;
      if (answer) into.set(scratch.subarray(0, Math.min(into.length, frameSize)));
      if (scratch[Math.min(into.length, frameSize)] !== 0xee) throw new Error("read more than was asked for");
      return answer;
    },
    reset: () => peer.reset(),
    notified: () => peer.notified() === 1,
    isEstablished: () => peer.isEstablished() === 1,
  };
}
