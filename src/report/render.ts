import type { Result } from "../evaluation/index.js";
import { againSection } from "./again.js";
import { answerSection } from "./answer.js";
import { appendixSection, dataBlock } from "./appendix.js";
import { checksSection } from "./checks.js";
import { distanceChart, epsilonChart, lossChart, stepsChart } from "./charts.js";
import { classesSection } from "./classes.js";
import { corruptionsSection } from "./corruptions.js";
import { chartsSection } from "./figures.js";
import { gallerySection } from "./gallery.js";
import { html } from "./html.js";
import { pageOf } from "./page.js";
import { accuracySection, warningsSection } from "./tables.js";
import { stagesSection } from "./waterfall.js";

/**
 * Renders a result as one self-contained HTML file. It works without scripts and without a
 * network, and contains the result as JSON (`#result`) for other programs.
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
    content: html`${answerSection(result)} ${warningsSection(result)}
      ${chartsSection(charts, "Bars at the points are 95 % Wilson intervals.")} ${stagesSection(result)}
      ${corruptionsSection(result)} ${await gallerySection(result)} ${classesSection(result)}
      ${checksSection(result)} ${accuracySection(result)} ${againSection(result)} ${appendixSection(result)}
      <footer>Made by ${result.tool.name} ${result.tool.version} on ${result.date}.</footer>`,
    data: dataBlock(result),
    hasFilters: result.examples.length > 0,
  });
}
