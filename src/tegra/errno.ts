/** The kernel's way to say errors: negative errno numbers, also in place of pointers. */
import { ERRNO, IvcError } from "../errors.ts";

/** Operation not permitted: the cookie is not reserved. */
export const EPERM: number = ERRNO.EPERM;
/** Argument list too long: more bytes than a frame holds. */
export const E2BIG: number = ERRNO.E2BIG;
/** Try again: the link is not established yet. */
export const EAGAIN: number = ERRNO.EAGAIN;
/** Out of memory: no frame is free, or none is waiting. */
export const ENOMEM: number = ERRNO.ENOMEM;
/** Device or resource busy: attached, reserved or requested already. */
export const EBUSY: number = ERRNO.EBUSY;
/** No such device: no such guest, queue or pool. */
export const ENODEV: number = ERRNO.ENODEV;
/** Invalid argument. */
export const EINVAL: number = ERRNO.EINVAL;
/** Connection reset by peer: the link is not established. */
export const ECONNRESET: number = ERRNO.ECONNRESET;
/** Host is down. No function here returns it: a death is a ring, and the calls answer by the state of the link. */
export const EHOSTDOWN: number = ERRNO.EHOSTDOWN;
/** Driver requests probe retry: nothing is attached yet. */
export const EPROBE_DEFER: number = ERRNO.EPROBE_DEFER;

/** Whether a returned "pointer" is a negative errno. */
export function IS_ERR(x: unknown): x is number {
  return typeof x === "number" && x < 0 && x >= -4095;
}

/** The negative errno of a returned "pointer" for which {@link IS_ERR} is true. */
export function PTR_ERR(x: unknown): number {
  return x as number;
}

/** @internal What `work` returns, or the negative errno of the {@link IvcError} it throws. */
export function errnoOf<Result>(work: () => Result): Result | number {
  try {
    return work();
  } catch (error) {
    if (error instanceof IvcError) return -error.errno;
    throw error;
  }
}
