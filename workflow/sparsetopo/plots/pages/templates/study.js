// Draws the charts, shows the figures and fills the tables of the page from what is packed inside it.

const every = (selector) => [...document.querySelectorAll(selector)];

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function showFigures(figures) {
  for (const image of every("img[data-figure]")) {
    image.src = "data:image/svg+xml," + encodeURIComponent(figures[image.dataset.figure]);
  }
}

// Colours of text and lines are those of the page, light or dark.
const ink = { labelColor: "currentColor", titleColor: "currentColor", labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal" };
const lines = { domainColor: "currentColor", domainOpacity: 0.4, tickColor: "currentColor", tickOpacity: 0.4, gridColor: "currentColor", gridOpacity: 0.12 };
const config = {
  background: null, font: "system-ui, sans-serif", view: { stroke: null },
  axis: { ...ink, ...lines, labelLimit: innerWidth < 600 ? 150 : 260 }, legend: { ...ink, orient: "top", symbolSize: 80 },
  title: { color: "currentColor", fontSize: 13 }, text: { color: "currentColor", fontSize: 12 },
};

async function drawCharts(charts, networks) {
  for (const place of every("[data-chart]")) {
    const chart = { ...charts[place.dataset.chart], description: place.dataset.says };
    delete chart.config;
    chart.datasets = { ...chart.datasets, networks };
    await window.vegaEmbed(place, chart, {
      config, renderer: "svg", actions: { export: true, source: false, compiled: false, editor: false },
      tooltip: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" },
    });
  }
}

const isNumber = (value) => typeof value === "number";

const written = (value) =>
  isNumber(value) && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : String(value ?? "–");

function compared(a, b, descending) {
  // What is missing comes last in either order.
  if (a === null || b === null) return (a === null) - (b === null);
  const order = isNumber(a) && isNumber(b) ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  return descending ? -order : order;
}

function fillTable(place, { columns, rows }) {
  const table = document.createElement("table");
  const [head, body] = [table.createTHead().insertRow(), table.createTBody()];
  const classOf = Object.fromEntries(columns.map(([key]) => [key, rows.some((row) => isNumber(row[key])) ? "" : "text"]));
  const lines = rows.map((row) => {
    const line = body.insertRow();
    for (const [key] of columns) {
      const cell = line.insertCell();
      cell.textContent = written(row[key]);
      cell.className = classOf[key];
    }
    return { row, line };
  });
  for (const [key, heading] of columns) {
    const cell = document.createElement("th");
    const button = document.createElement("button");
    button.textContent = heading;
    button.addEventListener("click", () => {
      const descending = cell.getAttribute("aria-sort") === "ascending";
      head.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      lines.sort((first, second) => compared(first.row[key], second.row[key], descending));
      body.append(...lines.map(({ line }) => line));
    });
    cell.scope = "col";
    cell.className = classOf[key];
    cell.append(button);
    head.append(cell);
  }
  place.replaceChildren(table);
}

function prepareTables(tables, networks) {
  for (const place of every("[data-table]")) {
    const table = tables[place.dataset.table];
    // Filled when it is opened: thousands of cells would delay everything else.
    place.closest("details").addEventListener("toggle", () => {
      if (!place.hasChildNodes()) fillTable(place, { rows: networks, ...table });
    });
  }
}

// In Snakemake's report the page is a data URI, from where no file can be reached.
if (!["file:", "http:", "https:"].includes(location.protocol)) {
  every("a.file").forEach((link) => link.removeAttribute("href"));
}
try {
  const { networks, charts, figures, tables } = JSON.parse(await unpacked("packed-data"));
  showFigures(figures);
  prepareTables(tables, networks);
  const vega = document.createElement("script");
  vega.textContent = await unpacked("packed-vega");
  document.head.append(vega);
  await drawCharts(charts, networks);
  document.body.dataset.state = "ready";
} catch (error) {
  const trouble = document.getElementById("trouble");
  trouble.textContent = `The charts could not be drawn (${error}). Figures and tables also lie beside this page.`;
  trouble.hidden = false;
  document.body.dataset.state = "failed";
  throw error;
}
