/** The results as one self-contained page. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { NATIVE, summary, unitOf } from "./results.mjs";
import { digits } from "./tables.mjs";
import { judge } from "./targets.mjs";

const read = (name) => readFileSync(createRequire(import.meta.url).resolve(name), "utf8");
const here = (name) => readFileSync(new URL(name, import.meta.url), "utf8");

const escapeHtml = (text) => String(text).replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);

const row = (cells, tag = "td") => `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;

/** One target: a bar that is full when the limit is met. */
function targetRow({ what, limit, measured, held }) {
  return `<tr class="${held ? "held" : "missed"}"><td>${escapeHtml(what)}</td><td>${escapeHtml(limit)}</td><td>${digits(measured)}</td><td>${held ? "held" : "missed"}</td></tr>`;
}

/** One work: a bar for each contestant's median, with the spread of its rounds as a line over it. */
function workSection(work) {
  const entries = work.entries.map((entry) => ({ ...entry, ...(entry.missing ? {} : summary(work, entry)) }));
  const longest = Math.max(...entries.map(({ high }) => high ?? 0));
  const share = (value) => (100 * Math.log10(1 + (99 * value) / longest)) / 2;
  const bars = entries.map(({ contestant, missing, median, low, high }) => {
    const name = `<td>${escapeHtml(contestant)}</td>`;
    if (missing) return `<tr>${name}<td colspan="2"><small>${escapeHtml(missing)}</small></td></tr>`;
    const kind = /^floor/.test(contestant) ? "floor" : /^(ivc|\d)/.test(contestant) ? "own" : "rival";
    const whisker = `left:${share(low)}%;width:${share(high) - share(low)}%`;
    return `<tr>${name}<td class="bar"><i class="${kind}" style="width:${share(median)}%"></i><b style="${whisker}"></b></td><td>${digits(median)}</td></tr>`;
  });
  return `<section><h3>${escapeHtml(work.name)}</h3><p>${unitOf(work)}, on a logarithmic scale: shorter is better</p><table class="bars">${bars.join("")}</table></section>`;
}

/** Megabytes a second of each contestant by frame size, as uPlot takes it. */
function throughput({ works }, node) {
  const sizes = works.filter(({ plot }) => plot === "one way");
  const names = [...new Set(sizes.flatMap(({ entries }) => entries.map(({ contestant }) => contestant)))];
  const series = names.map((name) => ({
    name,
    values: sizes.map((work) => {
      const entry = work.entries.find(
        (each) => each.contestant === name && (each.node === node || each.node === NATIVE),
      );
      return entry && !entry.missing ? (work.params.frameSize * 1000) / summary(work, entry).median : null;
    }),
  }));
  return {
    sizes: sizes.map(({ params }) => params.frameSize),
    series: series.filter(({ values }) => values.filter((value) => value !== null).length > 1),
  };
}

/** The percentiles of every work that has them. */
function latencies({ works }, node) {
  const rows = works.flatMap((work) =>
    work.entries
      .filter((entry) => entry.node === node && entry.rounds[0]?.p50 !== undefined)
      .map((entry) => {
        const of = (name) => summary({ figure: name }, entry).median;
        return row([
          escapeHtml(work.name),
          escapeHtml(entry.contestant),
          ...["p50", "p99", "p999"].map((name) => digits(of(name))),
        ]);
      }),
  );
  if (rows.length === 0) return "";
  return `<h2>Latency, µs</h2><table>${row(["work", "contestant", "p50", "p99", "p99.9"], "th")}${rows.join("")}</table>`;
}

function nodeSection(results, node, index) {
  const works = results.works.map((work) => ({
    ...work,
    entries: work.entries.filter((entry) => entry.node === node || entry.node === NATIVE),
  }));
  const targets = judge(results, node);
  return `<article><h1>Node.js ${node}</h1>
${targets.length > 0 ? `<h2>Targets</h2><table class="targets">${row(["ratio inside one run", "limit", "measured", ""], "th")}${targets.map(targetRow).join("")}</table>` : ""}
<h2>One way, MB/s by frame size</h2><div class="plot" data-index="${index}"></div>
${latencies(results, node)}
<h2>Everything</h2><div class="works">${works.map(workSection).join("")}</div></article>`;
}

/** The page, with uPlot and every sample in it. */
export function page(results) {
  const plots = results.nodes.map((node) => throughput(results, node));
  const data = JSON.stringify({ plots, results }).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>ivc-ring, measured</title>
<style>${read("uplot/dist/uPlot.min.css")}${here("page.css")}</style>
<header><h1>ivc-ring, measured</h1><p>${escapeHtml(`${results.date}, commit ${results.commit}, ${results.cpu}`)}. Medians of interleaved rounds; the spread is that of the middle 80 % of the rounds. Ratios inside one run mean more than numbers.</p></header>
${results.nodes.map((node, index) => nodeSection(results, node, index)).join("\n")}
<script id="data" type="application/json">${data}</script>
<script>${read("uplot/dist/uPlot.iife.min.js")}</script>
<script>${here("page-plots.js")}</script>
</html>
`;
}
