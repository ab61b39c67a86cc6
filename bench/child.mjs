/**
 * One contestant in a process of its own, so that none meets the garbage or the compiled code of another. It runs a round
 * for each line on its standard input, `{"frames": n}`, and answers each with a line of figures, `{"ms": …}`.
 */
import { createInterface } from "node:readline";

const { module, task, params } = JSON.parse(process.argv[2]);
const { [task]: make } = await import(module);
const { run, stop } = await make(params);
const answer = (figures) => process.stdout.write(`${JSON.stringify(figures)}\n`);
answer({ ready: true });
for await (const line of createInterface({ input: process.stdin })) answer(await run(JSON.parse(line).frames));
await stop?.();
process.exit();
