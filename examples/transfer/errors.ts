import type { WaitOutcome } from "ivc-ring";

/** Something that its message explains well enough: no stack is shown. */
export class UserError extends Error {}

/** A wait that did not end with what was waited for. */
export class LinkError extends UserError {
  readonly outcome: WaitOutcome;

  constructor(outcome: WaitOutcome) {
    super(`the wait for the other end ended as "${outcome}"`);
    this.outcome = outcome;
  }
}
