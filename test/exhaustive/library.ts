/** Bundles the real sources, with the simulated memory in the place of src/memory.ts, to be made anew for each thread. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { type Edit, edited } from "./edit.ts";
import type * as face from "./face.ts";
import type { Host } from "./host.ts";
import type { Recorder } from "./recorder.ts";

/** The library, as one thread has it. */
export type Library = typeof face;

const GLOBALS = [
  "performance",
  "setTimeout",
  "setInterval",
  "clearTimeout",
  "clearInterval",
  "queueMicrotask",
  "Promise",
  "globalThis",
] as const;

/** What stands for a function of src/memory.ts. */
const SEAM = "export const $1 = memory.$1;";

function simulated(edits: readonly Edit[]): Plugin {
  return {
    name: "simulated",
    setup({ onLoad }) {
      onLoad({ filter: /src[\\/].*\.ts$/ }, ({ path }) => {
        const file = path.replaceAll("\\", "/").replace(/.*\/src\//, "");
        const contents = readFileSync(path, "utf8");
        if (file === "memory.ts")
          return { contents: contents.replaceAll(/^export function (\w+)[\s\S]*?^}$/gm, SEAM), loader: "ts" };
        return { contents: edited(file, contents, edits), loader: "ts" };
      });
    },
  };
}

/** The project's folder, as seen from build/checks. */
const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Bundles the library.
 *
 * @param edits - what to change in it
 * @returns makes it for one thread
 */
export async function bundle(edits: readonly Edit[] = []): Promise<(recorder: Recorder, host: Host) => Library> {
  const { outputFiles } = await build({
    entryPoints: [`${ROOT}test/exhaustive/face.ts`],
    bundle: true,
    write: false,
    format: "cjs",
    target: "node20",
    plugins: [simulated(edits)],
  });
  const code = outputFiles[0]?.text as string;
  const make = new Function("memory", "module", ...GLOBALS, `${code}\nreturn module.exports;`);
  return (recorder, host) => {
    const globals = host.globals();
    return make(recorder.seam(), { exports: {} }, ...GLOBALS.map((name) => globals[name])) as Library;
  };
}
