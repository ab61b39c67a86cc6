/** What a mutant is. */
import type { Edit } from "../exhaustive/edit.ts";

/** A wrong version of the library. */
export interface Mutant {
  /** What is wrong. */
  readonly name: string;
  readonly edits: readonly Edit[];
  /**
   * Where to look for its death first: a part of the name of a scenario, or of the path of a test. A hint that saves time,
   * and no more.
   */
  readonly hint?: string;
  /** Whether it is part of the sample: then it dies of the first scenario of its hint. */
  readonly sample?: boolean;
}

/** Makes edits of one file in src. */
export function editsOf(file: string): (find: string, replace: string) => Edit {
  return (find, replace) => ({ file, find, replace });
}
