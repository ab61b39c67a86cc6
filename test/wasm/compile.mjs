/** Compiles the peer in AssemblyScript, in memory: nothing is written to disk. */
import { readFile } from "node:fs/promises";
import asc from "assemblyscript/asc";
import { size } from "../helpers/gate.mjs";
import { PAGES } from "./area.mjs";

const OUT = "out.wasm";

/**
 * Compiles the peer.
 *
 * @param {{ from: string, to: string }} [bug] - a change of the endpoint's source, whose `from` must be there once
 * @returns {Promise<WebAssembly.Module>}
 */
export async function compile(bug) {
  const sources = { "traffic.ts": await source("traffic.ts"), "ivc.ts": await source("ivc.ts") };
  if (bug !== undefined) {
    const parts = sources["ivc.ts"].split(bug.from);
    if (parts.length !== 2) throw new Error(`expected the endpoint to have this once: ${bug.from}`);
    sources["ivc.ts"] = parts.join(bug.to);
  }
  let binary;
  const flags = [
    size("-O1", "-O3"),
    "--runtime",
    "stub",
    "--importMemory",
    "--noExportMemory",
    "--sharedMemory",
    "--enable",
    "threads",
  ];
  const memory = ["--initialMemory", String(PAGES), "--maximumMemory", String(PAGES)];
  const { error, stderr } = await asc.main(["traffic.ts", "-o", OUT, ...flags, ...memory], {
    readFile: (name) => sources[name] ?? null,
    writeFile: (name, content) => {
      if (name === OUT) binary = content;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return WebAssembly.compile(binary);
}

function source(name) {
  return readFile(new URL(`assembly/${name}`, import.meta.url), "utf8");
}
