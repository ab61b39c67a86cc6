/** What a scenario is made of. */

import type { Host } from "./host.ts";
import type { Library } from "./library.ts";
import type { Machine } from "./machine.ts";
import type { Recorder } from "./recorder.ts";

/**
 * What a thread does: calls, one after the other. All that it remembers between them is in its fields, never in variables
 * that a closure holds; and what only grows, as times do, is counted anew after each call.
 */
export interface Actor {
  /** One call, or a few that need not be told apart. True: the thread has done all it had to do. */
  turn(): boolean;
  /** What is true of the thread, as bits; looked at before each of its operations. Must not touch shared memory. */
  label?(): number;
}

/** Bit of a label: the thread may sleep for ever, and in every fair run it comes to be so for good. */
export const CONTENT = 1;
/** Bit of a label: the own state is ESTABLISHED. */
export const ESTABLISHED = 2;

/** What a thread is given. */
export interface Environment {
  readonly library: Library;
  readonly host: Host;
  readonly recorder: Recorder;
}

/** One thread of a scenario. */
export interface Thread {
  readonly name: string;
  /** The guest that it is. */
  readonly guest: number;
  /** It may die before any of its operations; or it does so sooner or later. */
  readonly mortal?: true | "surely";
  /** It begins when the thread of this number has died. */
  readonly after?: number;
  /** Sets the thread up, on the initial memory unless it begins after a death. */
  start(environment: Environment): Actor;
}

/** What an invariant looks at: a state. */
export interface View {
  /** What a word holds. */
  word(buffer: SharedArrayBuffer, byteOffset: number): number;
  /** What is true of a thread. */
  label(thread: number): number;
  /** Whether a thread is between two calls. */
  between(thread: number): boolean;
}

/** The world that the threads of a scenario live in. */
export interface World {
  readonly threads: readonly Thread[];
  /** What never changes, and need not be looked at in a private state. */
  readonly constants: readonly object[];
  /** The word that a thread waits for on its event loop. */
  wakeWord?(thread: number): number;
  /** What must hold in every state; a message if it does not. */
  invariant?(view: View): string | undefined;
}

/** A set of runs. */
export interface Scenario {
  readonly name: string;
  /** What it shows, in a line. */
  readonly shows: string;
  /** Whether a sleep may end without a reason. */
  readonly spurious?: boolean;
  /** Whether a sleep may time out. */
  readonly timeouts?: boolean;
  /** Whether it is part of the sample. */
  readonly sample?: boolean;
  /** For what the library does not promise: the violation that must be found. */
  readonly finds?: RegExp;
  /** Makes a world: anew for each exploration. */
  build(machine: Machine, library: Library): World;
}
