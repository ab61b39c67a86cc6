/** What a supervisor and its thread tell each other. */
import type { ResourceLimits, TransferListItem } from "node:worker_threads";
import type { GuestHandle } from "../index.ts";

export type Request = StartRequest | { readonly kind: "terminate"; readonly id: number };

export interface StartRequest {
  readonly kind: "start";
  readonly id: number;
  /** Either a `file:` URL or a path. */
  readonly href?: string;
  readonly path?: string;
  readonly guests: readonly GuestHandle[];
  readonly workerData?: unknown;
  readonly transferList: readonly TransferListItem[];
  readonly argv?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly execArgv?: readonly string[] | undefined;
  readonly resourceLimits?: ResourceLimits | undefined;
  readonly name?: string | undefined;
}

/** Says that a worker has ended, and its guests are down. */
export interface Report {
  readonly id: number;
  readonly exitCode: number;
  readonly error?: unknown;
}
