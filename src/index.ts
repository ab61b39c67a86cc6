/**
 * Bounded, ordered, allocation-free channels between threads: the idiomatic face.
 *
 * @packageDocumentation
 */
export { ERRNO, type ErrorCode, IvcError } from "./errors.ts";
export type { HypervisorConfig, MempoolConfig, QueueConfig } from "./hypervisor/config.ts";
export type { IvcCookie, IvcDump, IvcOps, QueueDump } from "./hypervisor/cookie.ts";
export { type AttachOptions, attach, type Guest, type ListenOptions } from "./hypervisor/guest.ts";
export { guestDown } from "./hypervisor/guest-down.ts";
export type { CookieRx, CookieTx } from "./hypervisor/halves.ts";
export type { GuestHandle } from "./hypervisor/handle.ts";
export { Hypervisor } from "./hypervisor/hypervisor.ts";
export type { IrqHandler } from "./hypervisor/line.ts";
export type { Mempool } from "./hypervisor/mempool.ts";
export { type ChannelOptions, createChannel, openChannel } from "./hypervisor/two-ends.ts";
export type { AsyncWaitOptions, WaitOptions, WaitOutcome } from "./hypervisor/waits.ts";
export { type ConnectionState, IvcChannel, type IvcChannelOptions } from "./ring/channel.ts";
export type { QueuePlace } from "./ring/layout.ts";
export type { RxHalf } from "./ring/rx.ts";
export type { TxHalf } from "./ring/tx.ts";
