/**
 * The two directions of an endpoint as WHATWG streams of bytes.
 *
 * The length of a message is not on the wire, so both ends follow a convention. Every frame starts with a little-endian
 * 32-bit word:
 *
 * | word | the frame |
 * |---|---|
 * | 1 … frameSize − 4 | carries that many bytes, right after the word; what follows them means nothing |
 * | 0 | ends the stream |
 * | 0xffffffff | says that the writer aborted the stream |
 * | else | is garbled |
 *
 * Chunks of any size are split over frames, and are not put together again: a chunk that is read is the bytes of one frame.
 * An empty chunk sends nothing. After the frame that ends or aborts a stream, another stream can follow on the same endpoint;
 * after any other error, or a cancel, only once the link has been reset ({@link IvcCookie.reset}) and is established.
 *
 * Backpressure is the ring's: a full ring holds up the writer, for as long as it takes. A stream that waits keeps a Node.js
 * process alive; only while it waits does it yield to the event loop. Its errors, of class {@link IvcError}:
 *
 * | code | means |
 * |---|---|
 * | ECONNRESET | bytes may be lost: the link was reset after the stream had started, or the writer aborted |
 * | EHOSTDOWN | the peer's thread has died; the frames it published were read before |
 * | EPERM | the endpoint is not reserved any more |
 * | EINVAL | a chunk to write was no `Uint8Array`, or a frame to read was garbled |
 *
 * @module ivc-ring/streams
 */
import { type IvcCookie, IvcError, type WaitOptions } from "../index.ts";

/** The word that every frame starts with, in bytes, and its values that are no length. */
const WORD_SIZE = 4;
const END = 0;
const ABORTED = 0xffffffff;
/** Longest single wait, in ms: after it the session is looked at again. */
const SLICE = 250;

/** How a stream buffers and waits. */
export interface StreamOptions extends WaitOptions {
  /**
   * How many chunks the stream may hold besides the ring; a readable one drops them when it errors. Default 0 for a readable
   * stream, which then takes no frame before it is read; 1, the least that moves, for a writable one.
   */
  readonly highWaterMark?: number | undefined;
}

/**
 * The bytes that the peer's {@link writableStream} sends. Nothing else may use the endpoint's rx half meanwhile. Each chunk is
 * a copy, at most frameSize − 4 bytes, and out of the peer's reach.
 *
 * It belongs to the session in which the link is, or is first, established, and errors when it finds that over. A garbled
 * frame errors it too, and stays where it is. `cancel` ends a pending read, consumes nothing more, and does not tell the
 * peer, which stalls when the ring is full; to tell it, reset the link.
 *
 * @param cookie - the endpoint to receive on
 * @param options - how to buffer and wait
 * @returns the stream
 */
export function readableStream(cookie: IvcCookie, options: StreamOptions = {}): ReadableStream<Uint8Array> {
  const { highWaterMark = 0, spin } = options;
  const cancelled = new AbortController();
  const checkSession = sessionCheck(cookie);
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    while (!cancelled.signal.aborted) {
      checkSession();
      const frame = cookie.rx.getNextFrame();
      if (frame) {
        take(frame, controller);
        return void cookie.rx.advance();
      }
      const outcome = await cookie.rx.waitReadableAsync(SLICE, { spin, signal: cancelled.signal });
      if (outcome === "peer-down") throw peerDown(cookie);
    }
  };
  return new ReadableStream<Uint8Array>({ pull, cancel: () => cancelled.abort() }, { highWaterMark });
}

/**
 * Sends bytes to the peer's {@link readableStream}. Nothing else may use the endpoint's tx half meanwhile.
 *
 * It belongs to the session in which the link is, or is first, established, and errors when it finds that over. A write is
 * done when its last frame is published, `close` when the frame that ends the stream is: not when the peer has read it.
 * `abort` ends a pending write, of which the peer may have a part, and publishes the frame that tells the peer. `close` and
 * `abort` wait for room too: where nobody reads any more, {@link IvcCookie.reset} or {@link IvcCookie.unreserve} ends them.
 *
 * @param cookie - the endpoint to transmit on
 * @param options - how to buffer and wait
 * @returns the stream
 */
export function writableStream(cookie: IvcCookie, options: StreamOptions = {}): WritableStream<Uint8Array> {
  const { highWaterMark = 1, spin } = options;
  const capacity = cookie.frameSize - WORD_SIZE;
  const checkSession = sessionCheck(cookie);
  let signal: AbortSignal | undefined;
  const trySend = (word: number, bytes?: Uint8Array): boolean => {
    checkSession();
    if (cookie.peerDown) throw peerDown(cookie);
    const frame = cookie.tx.getNextFrame();
    if (!frame) return false;
    for (let i = 0; i < WORD_SIZE; i++) frame[i] = word >>> (8 * i);
    if (bytes) frame.set(bytes, WORD_SIZE);
    return cookie.tx.advance();
  };
  const mark = async (word: number): Promise<void> => {
    while (!trySend(word)) await cookie.tx.waitWritableAsync(SLICE, { spin });
  };
  const write = async (chunk: Uint8Array): Promise<void> => {
    if (Object.prototype.toString.call(chunk) !== "[object Uint8Array]") {
      throw new IvcError("EINVAL", `expected a chunk to be a Uint8Array, got ${typeof chunk}`);
    }
    for (let at = 0; at < chunk.byteLength; at += capacity) {
      const bytes = chunk.subarray(at, at + capacity);
      while (!trySend(bytes.byteLength, bytes)) {
        await cookie.tx.waitWritableAsync(SLICE, { spin, signal });
        signal?.throwIfAborted();
      }
    }
  };
  const start = (controller: WritableStreamDefaultController & { readonly signal?: AbortSignal }): void => {
    signal = controller.signal;
  };
  const sink = { start, write, close: () => mark(END), abort: () => mark(ABORTED) };
  return new WritableStream(sink, { highWaterMark });
}

/** Hands the bytes of a frame over. The peer may still write to it: its word is looked at once. */
function take(frame: Uint8Array, controller: ReadableStreamDefaultController<Uint8Array>): void {
  const most = frame.byteLength - WORD_SIZE;
  let word = 0;
  for (let i = WORD_SIZE - 1; i >= 0; i--) word = word * 256 + (frame[i] as number);
  if (word === END) controller.close();
  else if (word === ABORTED) controller.error(new IvcError("ECONNRESET", "the peer aborted the stream"));
  else if (word <= most) controller.enqueue(frame.slice(WORD_SIZE, WORD_SIZE + word));
  else throw new IvcError("EINVAL", `expected the length in a frame to be at most ${most}, got ${word}`);
}

/** Makes the check that the session in which a stream started lasts. */
function sessionCheck(cookie: IvcCookie): () => void {
  let started = cookie.state === "established" ? cookie.session : undefined;
  return () => {
    if (cookie.state === "established") started ??= cookie.session;
    if ((started ?? cookie.session) === cookie.session) return;
    throw new IvcError("ECONNRESET", `the link of endpoint ${cookie.id} was reset after the stream had started`);
  };
}

function peerDown(cookie: IvcCookie): IvcError {
  return new IvcError("EHOSTDOWN", `the thread attached as guest ${cookie.peerVmid} has died`);
}
