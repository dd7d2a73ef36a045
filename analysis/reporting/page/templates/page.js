"use strict";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const printing = window.matchMedia("print");
const config = (place) => {
  const ink = dark.matches && !printing.matches ? "#eceef2" : "#1b1b1f";
  const line = dark.matches && !printing.matches ? "#3a3f48" : "#d5d8de";
  const text = { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
  return {
    background: "transparent", font: getComputedStyle(document.body).fontFamily,
    // Labels of the last ticks stand below them, not pushed inwards.
    axis: { ...text, gridColor: line, domainColor: line, tickColor: line, labelFlush: (typeof place === "string" ? document.querySelector(place) : place).clientWidth <= 480, labelSeparation: 6 },
    legend: text, header: text, title: { color: ink }, text: { color: ink }, view: { stroke: null },
  };
};
// Two keys beside each other need more room than a telephone has.
const fitting = (place, spec) => {
  const box = typeof place === "string" ? document.querySelector(place) : place;
  if (box.clientWidth > 480) return spec;
  return JSON.parse(JSON.stringify(spec), (name, value) =>
    name === "legend" && value && value.columns ? { ...value, columns: value.columns > 2 ? 4 : 1 } : value);
};
const embed = (place, spec) =>
  vegaEmbed(place, fitting(place, spec), { actions: false, renderer: "svg", config: config(place) }).catch(console.error);
// A list is as wide as its chart: what a choice's name loses there is below it.
const spellOut = (name) => {
  for (const select of document.querySelectorAll(`#chart-${name} .vega-bind select`)) {
    if (Math.max(...[...select.options].map((option) => option.text.length)) < 30) continue;
    const line = document.createElement("p");
    line.className = "chosen";
    const say = () => { line.textContent = select.selectedOptions[0].text; };
    select.addEventListener("change", say);
    say();
    select.closest(".vega-bind").after(line);
  }
};
const charts = read("charts");
const drawAll = () => Promise.all(
  Object.entries(charts).map(([name, spec]) => embed(`#chart-${name}`, structuredClone(spec)).then(() => spellOut(name))),
);
const ready = drawAll().then(() => { document.documentElement.dataset.drawn = "yes"; });
dark.addEventListener("change", drawAll);

const traces = read("traces");
const shapes = read("shapes");
for (const details of document.querySelectorAll("details[data-trace]")) {
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    const { ranks, energy } = traces[details.dataset.trace];
    const values = {
      ranks: ranks.flatMap(({ variable, shares }) => shares.flatMap((chain, c) =>
        chain.map((share, bin) => ({ variable, chain: c + 1, bin, share })))),
      energy,
    };
    for (const place of details.querySelectorAll(".chart")) {
      const name = place.dataset.shape;
      if (place.childElementCount || !values[name].length) continue;
      embed(place, { ...structuredClone(shapes[name]), data: { values: values[name] } });
    }
  });
}
const panel = document.getElementById("panel");
const showPanel = () => {
  for (const line of document.querySelectorAll("[data-panel]")) {
    line.hidden = line.dataset.panel !== panel.value;
  }
};
if (panel) { panel.addEventListener("change", showPanel); showPanel(); }
