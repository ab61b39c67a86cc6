/** What the tests use of the workers' modules, which are plain JavaScript: Node.js loads them as they are. */

declare module "*/peek.mjs" {
  type Handle = import("ivc-ring").GuestHandle;

  export function asleep(handle: Handle): boolean;
  export function masked(handle: Handle): boolean;
  export function ringHalfway(handle: Handle): void;
  export function setCounts(handle: Handle, count: number): void;
  export function dump(handles: readonly Handle[]): string;
}

declare module "*/frames.mjs" {
  export const FRAME_SIZE: number;
  export function wordsOf(frame: Uint8Array): Uint32Array;
  export function check(words: Uint32Array, seq: number): void;
}

declare module "*/echo.mjs" {
  type Cookie = import("ivc-ring").IvcCookie;
  type Outcome = import("ivc-ring").WaitOutcome;

  export function talk(
    cookie: Cookie,
    first: number,
    count: number,
    waitReadable: () => Outcome | Promise<Outcome>,
  ): Promise<number>;
  export function command(cookie: Cookie): void;
}
