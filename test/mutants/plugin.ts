/**
 * Puts a mutant in the place of the sources that a test loads: `MUTANT="…" npx vitest run --project unit --bail 1`. Nothing
 * but the gate sets the variable.
 */
import type { Plugin } from "vite";
import { edited } from "../exhaustive/edit.ts";
import { mutants } from "./mutants.ts";

/** The plugin for a mutant; undefined: none, and the sources are as they are. */
export function mutantPlugin(name: string | undefined): Plugin | undefined {
  if (name === undefined) return undefined;
  const mutant = mutants.find((mutant) => mutant.name === name);
  if (!mutant) throw new Error(`MUTANT names no mutant: ${name}`);
  process.stderr.write(`The sources are wrong: ${name}\n`);
  return {
    name: "mutant",
    enforce: "pre",
    transform(code, id) {
      const file = /[\\/]src[\\/](.*\.ts)$/.exec(id)?.[1]?.replaceAll("\\", "/");
      return file === undefined ? undefined : { code: edited(file, code, mutant.edits), map: null };
    },
  };
}
