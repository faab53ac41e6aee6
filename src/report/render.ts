import type { Result } from "../evaluation/index.js";
import { againSection } from "./again.js";
import { answerSection } from "./answer.js";
import { appendixSection, dataBlock } from "./appendix.js";
import { checksSection } from "./checks.js";
import { distanceChart, epsilonChart, lossChart, renderChart, stepsChart, type Chart } from "./charts.js";
import { classesSection } from "./classes.js";
import { gallerySection } from "./gallery.js";
import { html, raw, type Html } from "./html.js";
import { pageOf } from "./page.js";
import { accuracySection, chartTable, warningsSection } from "./tables.js";
import { stagesSection } from "./waterfall.js";

/**
 * A result as one HTML file that needs nothing else: it reads without scripts and without a
 * network, and holds the result as JSON (`#result`) for other programs.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { readResult, renderReport } from "holdfast";
 *
 * await writeFile("report.html", await renderReport(await readResult("result.json")));
 * ```
 */
export async function renderReport(result: Result): Promise<string> {
  const charts = [epsilonChart(result), distanceChart(result), stepsChart(result), lossChart(result)].filter(
    (c) => c !== undefined,
  );
  const names = result.models.map(({ name }) => name).join(", ");
  return pageOf({
    title: `${names} on ${result.dataset.name}: robustness report`,
    generator: `${result.tool.name} ${result.tool.version}`,
    content: html`${answerSection(result)} ${warningsSection(result)} ${chartsSection(charts)}
      ${stagesSection(result)} ${await gallerySection(result)} ${classesSection(result)}
      ${checksSection(result)} ${accuracySection(result)} ${againSection(result)} ${appendixSection(result)}
      <footer>Made by ${result.tool.name} ${result.tool.version} on ${result.date}.</footer>`,
    data: dataBlock(result),
    hasFilters: result.examples.length > 0,
  });
}

function chartsSection(charts: readonly Chart[]): Html {
  if (charts.length === 0) return html``;
  return html`<section id="charts" aria-label="Curves">
    <h2>Curves</h2>
    <div class="charts">
      ${charts.map(
        (chart) =>
          html`<figure class="chart">
            <figcaption>${chart.title}</figcaption>
            <div role="img" tabindex="0" aria-label="${chart.description}">${raw(renderChart(chart))}</div>
            ${chartTable(chart)}
          </figure>`,
      )}
    </div>
    <p class="note">Bars beside the points are 95 % Wilson intervals.</p>
  </section>`;
}
