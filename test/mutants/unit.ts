/** Runs the unit tests on a mutant. */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** How a run ended. */
export interface Run {
  /** The test that failed, with its file. */
  readonly failed: string | undefined;
  /** How it failed: the first line. */
  readonly how: string;
}

interface Report {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const VITEST: string = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

/** What a run of vitest leaves in the environment of those that it starts. */
const LEFT = /^(VITEST|NODE_ENV|TEST$)/;

/**
 * Runs tests on a mutant, up to the first that fails.
 *
 * @param mutant - its name; undefined: the sources as they are
 * @param filter - part of the paths of the test files; none: all
 * @param deadline - longest run, in ms
 */
export async function runUnitTests(
  mutant: string | undefined,
  filter: string | undefined,
  deadline: number,
): Promise<Run> {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !LEFT.test(name)));
  environment["NO_COLOR"] = "1";
  if (mutant !== undefined) environment["MUTANT"] = mutant;
  const args = ["run", "--project", "unit", "--bail", "1", "--reporter", "json", "--maxWorkers", "1"];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      [VITEST, ...args, ...(filter === undefined ? [] : [filter])],
      { env: environment, timeout: deadline, killSignal: "SIGKILL", maxBuffer: 2 ** 28 },
      (error, stdout) =>
        error?.killed ? reject(new Error(`the tests take more than ${deadline} ms`)) : resolve(stdout),
    );
  });
  const { numTotalTests, testResults } = JSON.parse(output.slice(output.indexOf("{"))) as Report;
  for (const { name, message, status, assertionResults } of testResults) {
    const test = assertionResults.find(({ status }) => status === "failed");
    if (test) {
      const [how = ""] = (test.failureMessages[0] ?? "").split("\n");
      return { failed: `${name.replaceAll("\\", "/").replace(/.*\/test\//, "test/")}: ${test.fullName}`, how };
    }
    if (status === "failed" && assertionResults.length === 0) throw new Error(`${name} does not run: ${message}`);
  }
  if (numTotalTests === 0) throw new Error(`no tests in ${filter}`);
  return { failed: undefined, how: "" };
}
