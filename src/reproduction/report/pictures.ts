import { className, heatmapOf, html, pictureOf, raw, type Html } from "../../report/index.js";
import type { MeasuredPicture } from "../measure-piece.js";
import type { ReproducedDatasetResult, ReproductionPictures } from "../result.js";
import { inputName } from "./attention.js";
import { titleOf } from "./tables.js";

/** The defences of the paper's Figure 4: open from the start. */
const FIGURE_4: readonly string[] = ["undefended", "alp", "at", "at-alp"];

/** Figures 1, 4 and 5: images, their key regions, and where each defence looks, clean and attacked. */
export async function picturesSection(
  dataset: ReproducedDatasetResult,
  pictures: ReproductionPictures[string] | undefined,
): Promise<Html> {
  const rows = dataset.rows.filter(({ model }) => (pictures?.[model]?.length ?? 0) > 0);
  if (rows.length === 0) return html``;
  const count = pictures![rows[0]!.model]!.length;
  const parts: Html[] = [];
  for (let i = 0; i < count; i++) {
    const first = pictures![rows[0]!.model]![i]!;
    const label = className(dataset.result.dataset, first.label);
    const views: Html[] = [];
    for (const row of rows) {
      const shown = i === 0 && FIGURE_4.includes(row.recipe);
      views.push(await viewOf(dataset, titleOf(dataset, row), pictures![row.model]![i]!, shown));
    }
    parts.push(
      html`<article class="looked">
        <div class="row">
          ${await figure(pictureOf(first.inputs[0]!.image), `clean image of ${label}`, label)}
          ${await figure(heatmapOf(first.region), `key region of ${label}`, "key region")}
        </div>
        <p class="file">${first.fileName}</p>
        ${views}
      </article>`,
    );
  }
  return html`<details open>
    <summary>Figures 1, 4 and 5: what is attacked, its key region, and where each model looks</summary>
    <p class="note">Maps of F(A) = Σ<sub>c</sub> |A<sub>c</sub>|² of group-0 … group-3, dark to bright.</p>
    ${parts}
  </details>`;
}

async function viewOf(
  dataset: ReproducedDatasetResult,
  title: string,
  picture: MeasuredPicture,
  open: boolean,
): Promise<Html> {
  const inputs: Html[] = [];
  for (const input of picture.inputs) {
    const right = input.prediction === picture.label;
    const said = html`<span class="${right ? "held" : "fooled"}"
      >${right ? "✓" : "✗"} ${className(dataset.result.dataset, input.prediction)}</span
    >`;
    const maps: Html[] = [];
    for (const [group, map] of input.maps.entries()) {
      maps.push(
        html`<img
          src="${await heatmapOf(map)}"
          alt="attention of ${title}, group ${group}, ${input.setting}"
        />`,
      );
    }
    inputs.push(
      html`<div class="seen">
        <span class="subtitle"
          >${inputName({ ...input, steps: stepsOf(dataset, input.setting, input.epsilon) })}</span
        >
        <div class="maps">
          <img src="${await pictureOf(input.image)}" alt="${input.setting} image" />${maps}
        </div>
        ${said}
      </div>`,
    );
  }
  return html`<details ${raw(open ? "open" : "")}>
    <summary>${title}</summary>
    <div class="inputs">${inputs}</div>
  </details>`;
}

function stepsOf({ rows }: ReproducedDatasetResult, setting: string, epsilon: number): number {
  const inputs = rows.flatMap(({ measured }) => measured ?? []);
  return inputs.find((input) => input.setting === setting && input.epsilon === epsilon)?.steps ?? 0;
}

async function figure(source: Promise<string>, alt: string, caption: string): Promise<Html> {
  return html`<figure>
    <img src="${await source}" alt="${alt}" />
    <figcaption>${caption}</figcaption>
  </figure>`;
}
