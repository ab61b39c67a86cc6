/**
 * Model checking: has Spin search the models of this drawer, each in full. What shall hold must have no error in any state; each
 * seeded bug, and each fault that the bare wire protocol is known to have, must be found. Needs `spin` and a C compiler: without
 * them it ends with exit code 3.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { full, progress, report, size } from "../helpers/gate.mjs";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
/** Searches at a time. */
const JOBS = 2;
/** Most memory of one search, in MB. */
const MEMORY = 2000;
/** Deepest path. */
const DEPTH = size(500_000, 6_000_000);

/** One search: of a model with these macros, for errors (safety) or for fair cycles (liveness), and what it is to end with. */
const search = (model, macros, expected) => ({ model, macros: macros.split(" "), expected });
const HOLDS = /errors: 0/;
const DEADLOCK = /invalid end state/;
const ASSERTION = /assertion violated/;
const CYCLE = /acceptance cycle/;

/** What holds. */
const holds = full
  ? [
      ...[3, 2, 1].flatMap((n) =>
        ["WAITS", "HANDLERS"].flatMap((way) => [
          search("signalling", `N=${n} ${way} LIVENESS`, HOLDS),
          search("signalling", `N=${n} ${way}`, HOLDS),
        ]),
      ),
      search("signalling", "N=2 HANDLERS MASKING", HOLDS),
      search("signalling", "N=1 WAITS MASKING", HOLDS),
      search("signalling", "N=1 HANDLERS MASKING STRAY LIVENESS", HOLDS),
      search("signalling", "N=1 WAITS STRAY", HOLDS),
      search("signalling", "N=1 HANDLERS STRAY", HOLDS),
      search("signalling", "N=1 LIVENESS", HOLDS),
      search("signalling", "N=1 MASKING", HOLDS),
      ...[3, 2, 1].map((n) => search("reset", `N=${n} SENDS=2`, HOLDS)),
      search("reset", "NODATA LIVENESS", HOLDS),
      search("reset", "N=1 SENDS=1 RESETS0=1 RESETS1=1 LIVENESS", HOLDS),
    ]
  : [
      search("signalling", "N=1 WAITS LIVENESS", HOLDS),
      search("signalling", "N=1 HANDLERS MASKING", HOLDS),
      search("reset", "N=1 SENDS=1 RESETS1=1", HOLDS),
      search("reset", "NODATA RESETS0=1 RESETS1=1 LIVENESS", HOLDS),
    ];

/** Seeded bugs, and those that the sample takes too. */
const bugs = [
  search("signalling", "N=2 WAITS BUG_CACHED_NOTIFY", DEADLOCK),
  search("signalling", "N=1 WAITS BUG_FLAG_AFTER_RECHECK", DEADLOCK),
  search("signalling", "N=1 HANDLERS MASKING BUG_UNMASK_NO_LOOK", DEADLOCK),
  search("signalling", "N=1 WAITS BUG_MASK_BEFORE_COUNT", DEADLOCK),
  search("reset", "N=1 SENDS=1 BUG_ACK_BEFORE_CLEAR", ASSERTION),
  search("reset", "NODATA RESETS0=1 RESETS1=0 LIVENESS BUG_NO_RING_ON_ESTABLISHED", CYCLE),
  ...(full
    ? [
        search("signalling", "N=1 HANDLERS MASKING BUG_LOOK_BEFORE_UNMASK", DEADLOCK),
        search("signalling", "N=2 HANDLERS MASKING BUG_TOLD_AT_MASK", DEADLOCK),
        search("signalling", "N=1 HANDLERS BUG_LINE_BEFORE_WAKE", DEADLOCK),
        search("signalling", "N=2 HANDLERS BUG_NO_RELATCH", DEADLOCK),
        search("signalling", "N=1 WAITS BUG_COUNT_BEFORE_PAYLOAD", ASSERTION),
        search("signalling", "N=1 WAITS BUG_CONSUME_BEFORE_COPY", ASSERTION),
        search("reset", "NODATA RESETS0=1 RESETS1=0 LIVENESS BUG_NO_RING_ON_ACK", CYCLE),
        search("reset", "N=1 SENDS=1 BUG_KEEP_CACHES", ASSERTION),
        search("reset", "N=1 SENDS=1 BUG_CLEAR_TX_ONLY", ASSERTION),
        search("reset", "N=1 SENDS=1 BUG_NO_CLEAR_AT_END", ASSERTION),
        search("reset", "N=1 SENDS=1 BUG_NO_COMPARE", ASSERTION),
        search("reset", "N=1 SENDS=1 BUG_PLAIN_RESET", ASSERTION),
      ]
    : []),
];

/** What the bare wire protocol does not promise (SPEC §5, "known trap"): shortest counterexamples, two resets in all. */
const wire = [
  search("reset", "WIRE N=1 SENDS=1 RESETS0=1 RESETS1=1 OVERFULL_ONLY", ASSERTION),
  search("reset", "WIRE N=1 SENDS=2 RESETS0=1 RESETS1=1 TORN_ONLY", ASSERTION),
];

/** Generates, compiles and runs one search. Its states, transitions and seconds; and the trail of a counterexample of the wire. */
async function check({ model, macros, expected }) {
  const name = `${model} ${macros.join(" ")}`;
  const cwd = mkdtempSync(join(tmpdir(), "ivc-ring-spin-"));
  try {
    const defines = macros.map((macro) => `-D${macro}`);
    const source = join(here, `${model}.pml`);
    const liveness = macros.includes("LIVENESS");
    const shortest = macros.includes("WIRE");
    await run("spin", [...defines, "-a", source], { cwd });
    const kind = liveness ? [] : ["-DSAFETY", ...(shortest ? ["-DBFS"] : [])];
    await run(
      "gcc",
      [
        expected === HOLDS ? size("-O1", "-O2") : "-O0",
        "-w",
        "-DCOLLAPSE",
        `-DMEMLIM=${MEMORY}`,
        ...kind,
        "-o",
        "pan",
        "pan.c",
      ],
      { cwd },
    );
    const began = performance.now();
    const options = [...(liveness ? ["-a", "-f"] : []), ...(shortest ? [] : [`-m${DEPTH}`]), "-n"];
    const { stdout } = await run("./pan", options, { cwd, maxBuffer: 2 ** 26 }).catch((error) => error);
    if (!expected.test(stdout)) throw new Error(`${name}: expected ${expected}, got\n${stdout}`);
    if (
      expected === HOLDS &&
      /search depth too small|not completed|out of memory|memory limit|Bitstate|Hash-?Compact/i.test(stdout)
    ) {
      throw new Error(`${name}: the search is not complete\n${stdout}`);
    }
    const number = (pattern) => Number(stdout.match(pattern)?.[1] ?? Number.NaN);
    const seconds = (performance.now() - began) / 1000;
    const found = {
      name,
      states: number(/([\d.e+]+) states, stored/),
      transitions: number(/([\d.e+]+) transitions/),
      seconds,
    };
    process.stderr.write(
      `${name}: ${found.states} states, ${found.transitions} transitions, ${seconds.toFixed(1)} s${expected === HOLDS ? "" : ", found"}\n`,
    );
    if (shortest) {
      const trail = await run("spin", [...defines, "-k", `${model}.pml.trail`, "-T", source], { cwd }).catch(
        (error) => error,
      );
      const said = trail.stdout.split("\n").filter((line) => line.startsWith("end "));
      process.stderr.write(`${said.map((line) => `  ${line}\n`).join("")}`);
    }
    return found;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** Whether a program can be run. */
function installed(program, option) {
  try {
    execFileSync(program, [option], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const missing = [
  ["spin", "-V"],
  ["gcc", "--version"],
].filter(([program, option]) => !installed(program, option));
if (missing.length > 0) {
  console.error(`not installed: ${missing.map(([program]) => program).join(", ")}`);
  process.exit(3);
}

const queue = [...holds, ...wire, ...bugs];
const total = queue.length;
const results = [];
await Promise.all(
  Array.from({ length: JOBS }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      results.push(await check(next));
      progress(results.length, total, "searches");
    }
  }),
);
const complete = results.filter(({ name }) =>
  holds.some(({ model, macros }) => name === `${model} ${macros.join(" ")}`),
);
const sum = (key) => complete.reduce((all, result) => all + result[key], 0).toLocaleString("en");
report([
  ["searches without an error", complete.length],
  ["states", sum("states")],
  ["transitions", sum("transitions")],
  ["faults of the bare wire found", wire.length],
  ["seeded bugs found", bugs.length],
]);
