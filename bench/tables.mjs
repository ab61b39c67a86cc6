/** The results as text. */
import Table from "cli-table3";
import { NATIVE, summary, times, unitOf } from "./results.mjs";
import { quantile } from "./statistics.mjs";
import { judge } from "./targets.mjs";

const table = (head, align, rows) => {
  const made = new Table({ head, colAligns: align, style: { head: [], border: [] } });
  made.push(...rows);
  return made.toString();
};

/** A number with three digits that count; NaN: it was not measured. */
export function digits(value) {
  if (Number.isNaN(value)) return "–";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}

/** One work, in all versions of Node.js: medians, spread, and how many times as long as the first contestant each takes. */
export function workTable(work) {
  const nodes = new Set(work.entries.map(({ node }) => node).filter((node) => node !== NATIVE));
  const rows = work.entries.map((entry) => {
    const name = nodes.size > 1 ? `${entry.contestant} (${entry.node})` : entry.contestant;
    if (entry.missing) return [name, { content: entry.missing, colSpan: 4 }];
    const { median, low, high } = summary(work, entry);
    const [{ contestant, node: oldest }] = work.entries;
    const node = entry.node === NATIVE ? oldest : entry.node;
    const first = work.entries.find((each) => each.node === node && each.contestant === contestant);
    const ratio = digits(times(work, entry, first));
    const tail =
      entry.rounds[0].p99 === undefined
        ? ""
        : ["p50", "p99", "p999"].map((p) => digits(summary({ figure: p }, entry).median)).join(" / ");
    return [name, digits(median), `${digits(low)} – ${digits(high)}`, ratio, tail];
  });
  const head = [work.name, unitOf(work), "10 % – 90 % of rounds", "× the first", "µs: p50 / p99 / p99.9"];
  const spread = [0.1, 0.5, 0.9].map((share) => digits(quantile(work.probes, share))).join(" / ");
  return `${table(head, ["left", "right", "right", "right", "right"], rows)}
meanwhile one word went there and back in ${spread} ns (10 %, 50 %, 90 % of rounds)`;
}

/** The targets, and whether each was held. */
export function targetsTable(results, node) {
  const rows = judge(results, node).map(({ what, limit, measured, held }) => [
    what,
    limit,
    digits(measured),
    held ? "held" : "MISSED",
  ]);
  return table([`Node.js ${node}: target`, "limit", "measured", ""], ["left", "right", "right", "left"], rows);
}

/** How much a version must differ from the first to be told. */
const DIFFERS = 1.25;

/** Where versions of Node.js differ, for the library alone. */
export function nodesTable({ works, nodes }) {
  const rows = [];
  for (const work of works) {
    for (const first of work.entries.filter(
      (entry) => entry.node === nodes[0] && /ivc-ring|^\d/.test(entry.contestant),
    )) {
      const ratios = nodes.map((node) => {
        const entry = work.entries.find((each) => each.node === node && each.contestant === first.contestant);
        return times(work, entry, first);
      });
      if (ratios.some((ratio) => ratio > DIFFERS || ratio < 1 / DIFFERS)) {
        rows.push([`${work.name}: ${first.contestant}`, ...ratios.map(digits)]);
      }
    }
  }
  const head = [`takes, times as long as on ${nodes[0]}`, ...nodes];
  return table(head, ["left", ...nodes.map(() => "right")], rows);
}
