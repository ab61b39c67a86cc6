/* Draws the plots of the page, from the data in it. */
/* global uPlot */
const { plots } = JSON.parse(document.getElementById("data").textContent);
const ink = getComputedStyle(document.body).color;
const OWN = ["#0b7a5b", "#14a37b", "#35c79a", "#7fe0c0"];
const OTHERS = ["#d1495b", "#2e6fb7", "#5aa2e0", "#8f5bb5", "#b0793a", "#777f8a", "#a0a7b0", "#c3c8cf"];
const axis = { stroke: ink, grid: { stroke: "#8883" }, ticks: { stroke: "#8886" } };

for (const place of document.querySelectorAll(".plot")) {
  const { sizes, series } = plots[place.dataset.index];
  if (sizes.length < 2) continue;
  const [own, others] = [[...OWN], [...OTHERS]];
  const lines = series.map(({ name }) => ({
    label: name,
    stroke: (name.startsWith("ivc-ring") ? own : others).shift() ?? ink,
    width: name.startsWith("ivc-ring") ? 3 : 1.5,
    dash: name.startsWith("floor") ? [6, 4] : undefined,
    value: (_plot, value) => (value === null ? "–" : `${Math.round(value).toLocaleString("en")} MB/s`),
  }));
  const options = {
    width: Math.min(1180, document.body.clientWidth),
    height: 460,
    scales: { x: { distr: 3, log: 2, time: false }, y: { distr: 3 } },
    axes: [
      { ...axis, values: (_plot, values) => values.map((value) => (sizes.includes(value) ? `${value} B` : "")) },
      {
        ...axis,
        size: 70,
        values: (_plot, values) => values.map((value) => (value === null ? "" : value.toLocaleString("en"))),
      },
    ],
    series: [{ label: "frame", value: (_plot, value) => (value === null ? "–" : `${value} bytes`) }, ...lines],
  };
  new uPlot(options, [sizes, ...series.map(({ values }) => values)], place);
}
