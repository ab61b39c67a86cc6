/** Changes of the sources. */

/** A change of one file. */
export interface Edit {
  /** File in src. */
  readonly file: string;
  /** Text that occurs there once. */
  readonly find: string;
  readonly replace: string;
}

/** The text of a file with the edits that are for it. */
export function edited(file: string, text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const edit of edits) {
    if (edit.file !== file) continue;
    const pieces = result.split(edit.find);
    if (pieces.length !== 2) throw new Error(`found ${pieces.length - 1} times in ${file}: ${edit.find}`);
    result = pieces.join(edit.replace);
  }
  return result;
}
