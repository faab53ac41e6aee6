import type { Result, ResultWarning } from "../../evaluation/index.js";
import {
  embeddedJson,
  html,
  pageOf,
  raw,
  runRows,
  table,
  warningsSection,
  type Html,
} from "../../report/index.js";
import type { ReproducedDatasetResult, ReproductionPictures, ReproductionResult } from "../result.js";
import { answerSection } from "./answer.js";
import { shiftTable, tableTwo } from "./attention.js";
import { curvesSection } from "./curves.js";
import { picturesSection } from "./pictures.js";
import { smallEpsilonTable, tableOne } from "./tables.js";

const STYLES = `
main { max-width: 84rem; }
.matrix td, .matrix th { padding-right: 1rem; } .matrix small { color: var(--soft); } .matrix i { color: var(--soft); }
.matrix thead th { white-space: normal; min-width: 5rem; vertical-align: bottom; }
.matrix caption { max-width: 60rem; } .soft { color: var(--soft); }
.callout { border-left: .3rem solid var(--warning); background: var(--wash); padding: .8rem 1rem; max-width: 60rem; }
.looked { border-top: 1px solid var(--line); padding: 1rem 0; }
.inputs { display: grid; gap: .8rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); } .maps { display: flex; flex-wrap: wrap; gap: .3rem; }
.maps img { width: 5rem; height: 5rem; image-rendering: pixelated; border-radius: .25rem; }
.ranks { list-style: none; margin: 0; padding: 0; display: grid; gap: .35rem; }
.ranks li { display: grid; grid-template-columns: 9rem minmax(6rem, 1fr) 11rem 6.5rem; gap: 0 .9rem; align-items: center; }
.ranks .bar { margin: 0; height: .8rem; } .ranks .pale { opacity: .3; } .ranks small { color: var(--soft); }
.model .sentences { grid-column: 1 / -1; margin: .25rem 0 0; } .model h2 a { color: inherit; }
@media (max-width: 48rem) { .ranks li { grid-template-columns: 1fr auto; } .ranks .bar { grid-column: 1 / -1; order: 5; } .ranks li > small { order: 4; grid-column: 1 / -1; } }
h3 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
`;

/** A reproduction as one HTML file: every table and figure of the paper, with the paper's numbers. */
export async function renderReproduction(
  reproduction: ReproductionResult,
  pictures: ReproductionPictures = {},
): Promise<string> {
  const { tool, preset, datasets, date } = reproduction;
  const sections: Html[] = [];
  for (const dataset of datasets) sections.push(await datasetSection(dataset, pictures[dataset.id]));
  return pageOf({
    title: `Attention and Adversarial Logit Pairing, reproduced (${preset.name})`,
    generator: `${tool.name} ${tool.version}`,
    styles: STYLES,
    content: html`${answerSection(reproduction)} ${sections} ${appendix(reproduction)}
      <footer>Made by ${tool.name} ${tool.version} on ${date}.</footer>`,
    data: dataBlock(reproduction),
  });
}

async function datasetSection(
  dataset: ReproducedDatasetResult,
  pictures: ReproductionPictures[string] | undefined,
): Promise<Html> {
  const { result } = dataset;
  const counted = countWarnings(result);
  return html`<section id="${dataset.id}" aria-label="${dataset.title}">
    <h2>${dataset.title}</h2>
    <p class="note">${dataset.description} ${result.statements.at(-1)}</p>
    <h3>Table 1</h3>
    ${tableOne(dataset)} ${smallEpsilonTable(dataset)} ${curvesSection(dataset)} ${tableTwo(dataset)}
    ${shiftTable(dataset)} ${await picturesSection(dataset, pictures)}
    <details ${raw(counted.serious > 0 ? "open" : "")}>
      <summary>
        Checks against false security: ${counted.serious} of ${result.measurements.length} numbers are not
        robustness, ${counted.warning} to treat with caution, ${counted.info} notes
      </summary>
      ${warningsSection(result)}
    </details>
  </section>`;
}

/** Counts measurements with warnings, each under its most serious one. */
export function countWarnings({
  warnings,
}: Pick<Result, "warnings">): Record<ResultWarning["severity"], number> {
  const counted = { serious: 0, warning: 0, info: 0 };
  const seen = new Set<string>();
  for (const severity of ["serious", "warning", "info"] as const) {
    for (const id of warnings
      .filter((each) => each.severity === severity)
      .flatMap((each) => each.measurements)) {
      if (!seen.has(id)) counted[severity] += 1;
      seen.add(id);
    }
  }
  return counted;
}

/** Everything needed to repeat the reproduction. */
function appendix(reproduction: ReproductionResult): Html {
  const { preset } = reproduction;
  return html`<section id="appendix" aria-label="How it was measured">
    <h2>Repeat it</h2>
    <pre><code>holdfast reproduce all --preset ${preset.name} --data … --out runs/again</code></pre>
    <p class="note">
      Give the same datasets after --data, and the same --threads. The same seeds then give the same numbers
      on the same kind of machine.
    </p>
    <h2>How it was measured</h2>
    ${table("The run", ["what", "value"], runRows(reproduction))}
    <details>
      <summary>Every setting</summary>
      <pre>${JSON.stringify(preset.settings, null, 2)}</pre>
    </details>
  </section>`;
}

function dataBlock(reproduction: ReproductionResult): Html {
  const { html: json } = embeddedJson(reproduction);
  return raw(`<script type="application/json" id="result">${json}</script>`);
}
