/** Mutants of the protocol: wrong versions of the sources, each of which some gate must tell from the right one. */
import type { Edit } from "../exhaustive/library.ts";

/** A wrong version. */
export interface Mutant {
  /** What is wrong. */
  readonly name: string;
  readonly edits: readonly Edit[];
}

export const mutants: readonly Mutant[] = [
  {
    name: "the notify test uses the cached count (tx)",
    edits: [
      {
        file: "ring/tx.ts",
        find: "      this.peerCount = load(this.queue.words, RX_COUNT); // SYNC consume\n      const used",
        replace: "      const used",
      },
    ],
  },
  {
    name: "publishes before the payload",
    edits: [
      {
        file: "ring/tx.ts",
        find: "    copyIn(this.queue.frames, start, data, bytes);\n    zero(this.queue.frames, start + bytes, start + this.frameSize);\n    this.publish(1);",
        replace:
          "    this.publish(1);\n    copyIn(this.queue.frames, start, data, bytes);\n    zero(this.queue.frames, start + bytes, start + this.frameSize);",
      },
    ],
  },
];
