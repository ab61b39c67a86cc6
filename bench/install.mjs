/** What the benchmark needs besides the library: rivals, other versions of Node.js, and the C++ contestants. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const NATIVE_SOURCE = path("native/one-way.cpp");
const NATIVE = path("../build/bench/one-way");

/** Installs the rivals, unless they are there already. */
export function installRivals() {
  const installed = path("rivals/node_modules/.package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs > statSync(path("rivals/package-lock.json")).mtimeMs) return;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--silent"], { cwd: path("rivals"), stdio: "inherit" });
}

/** Compiles the C++ contestants. Their program, or undefined if there is no compiler. */
export function compileNative() {
  if (existsSync(NATIVE) && statSync(NATIVE).mtimeMs > statSync(NATIVE_SOURCE).mtimeMs) return NATIVE;
  mkdirSync(path("../build/bench"), { recursive: true });
  const { status } = spawnSync("g++", ["-O3", "-std=c++20", "-pthread", NATIVE_SOURCE, "-o", NATIVE], {
    stdio: "inherit",
  });
  return status === 0 ? NATIVE : undefined;
}

/** The binary of a version of Node.js, by the `node` package of the npm registry: `{ version, path }`. */
export function nodeOf(version) {
  const program = "console.log(JSON.stringify({ version: process.version.slice(1), path: process.execPath }))";
  const given = version === undefined ? [process.execPath] : ["npx", "--yes", "--package", `node@${version}`, "node"];
  return JSON.parse(execFileSync(given[0], [...given.slice(1), "-e", program], { encoding: "utf8" }));
}
