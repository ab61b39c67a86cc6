import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { before } from "./harness.ts";

const file = fileURLToPath(new URL("workers/process.mjs", import.meta.url));

/** Runs a process to its own end. */
async function run(what: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [file, what], { stdio: ["ignore", "pipe", "pipe"] });
  try {
    const ended = Promise.all([once(child, "exit"), text(child.stdout), text(child.stderr)]);
    const [[code], stdout, stderr] = await before(20_000, ended, () => `a process that ${what} does not end`);
    return { code, stdout: stdout.trim(), stderr };
  } finally {
    child.kill("SIGKILL");
  }
}

describe("a process ends by itself, and not before its work is done, if it", () => {
  it.each([
    ["listens until the last frame", "stopped after 20"],
    ["listens without keepAlive", "listening"],
    ["awaits a wait", "timed-out"],
    ["awaits a wait, which a worker ends", "ready"],
    ["listens without keepAlive, and awaits a wait", "timed-out"],
    ["has a supervisor that never had a worker", "nothing to do"],
    ["has a supervisor whose worker has ended", "exit code 0"],
    ["throws in a handler, catches it, and goes on", "uncaughtException: thrown in a handler\nand the next"],
  ])("%s", async (what, said) => {
    expect(await run(what)).toEqual({ code: 0, stdout: said, stderr: "" });
  });
});

it("an exception in a handler, if nobody catches it, ends the process", async () => {
  const { code, stderr } = await run("throws in a handler");
  expect(code).toBe(1);
  expect(stderr).toContain("Error: thrown in a handler");
});
