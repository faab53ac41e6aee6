import { renderChart, type Chart } from "./charts.js";
import { html, raw, type Html } from "./html.js";
import { chartTable } from "./tables.js";

/** A chart with its title and a collapsible table of its numbers. */
export function chartFigure(chart: Chart, size?: { readonly width: number; readonly height: number }): Html {
  return html`<figure class="chart">
    <figcaption>${chart.title}</figcaption>
    <div role="img" tabindex="0" aria-label="${chart.description}">${raw(renderChart(chart, size))}</div>
    ${chartTable(chart)}
  </figure>`;
}

/** Charts side by side; empty if there are none. */
export function chartsSection(charts: readonly Chart[], note: string): Html {
  if (charts.length === 0) return html``;
  return html`<section id="charts" aria-label="Curves">
    <h2>Curves</h2>
    <div class="charts">${charts.map((chart) => chartFigure(chart))}</div>
    <p class="note">${note}</p>
  </section>`;
}
