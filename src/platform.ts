/** What differs between Node.js, browsers and others, without naming any. */

/** Repeats the bytes of `source` in those of the array it is called on, from `at` to before `end`. */
export type FillBytes = (this: Uint8Array, source: Uint8Array, at: number, end: number) => unknown;

interface Platform {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly process?: { readonly versions?: { readonly node?: string } };
  readonly Buffer?: { readonly prototype: { readonly fill: FillBytes } };
}

const platform = globalThis as unknown as Platform;

/**
 * Calls back in a later turn of the thread's event loop, after I/O has had its chance. With `keepAlive` false, a Node.js
 * process may end before.
 */
export const later: (callback: () => void, keepAlive: boolean) => void = platform.setImmediate
  ? (callback, keepAlive) => {
      const immediate = platform.setImmediate?.(callback);
      if (!keepAlive) unref(immediate);
    }
  : (callback) => {
      const { port1, port2 } = new MessageChannel();
      Object.assign(port1, {
        onmessage: () => {
          port1.close();
          callback();
        },
      });
      port2.postMessage(undefined);
    };

/**
 * Copies a source that is no shorter at the speed of the machine, on any kind of memory and at any alignment: a `memcpy` behind
 * a call of some 50 ns. Undefined where no such thing is known.
 */
export const fillBytes: FillBytes | undefined = platform.process?.versions?.node
  ? platform.Buffer?.prototype.fill
  : undefined;

/** How many turns of the event loop take about as long as to park and be woken; 0 where a turn takes longer. */
export const LISTEN_SPIN: number = platform.setImmediate ? 16 : 0;

/** Lets a timer of Node.js keep the process alive; elsewhere timers never do. */
export function ref(timer: unknown): void {
  (timer as { ref?: () => void }).ref?.();
}

/** Lets a timer of Node.js not keep the process alive. */
export function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
