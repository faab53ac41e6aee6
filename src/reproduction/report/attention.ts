import { formatEpsilon, html, table, type Html } from "../../report/index.js";
import type { MeasuredGroup, MeasuredInput } from "../measure-piece.js";
import { publishedValue } from "../published.js";
import type { Setting } from "../plan.js";
import type { ReproducedDatasetResult } from "../result.js";
import { titleOf } from "./tables.js";

/** Descriptions of where key regions come from. */
export const REGIONS = {
  mask: "the dataset's own masks",
  box: "the dataset's own boxes, which include some of the surroundings of the object",
  "mask-and-box": "the dataset's own masks, or its boxes for images without a mask",
  saliency:
    "there are no masks or boxes, so the fifth of the pixels that most affect the label's logit in the undefended model (|∂z/∂x| summed over the channels, averaged over a window of an eighth of the side)",
} as const;

/** Table 2: the mean attention of the last group on the key regions, and outside them. */
export function tableTwo(dataset: ReproducedDatasetResult): Html {
  const rows = dataset.rows.filter(({ measured }) => measured !== null);
  const inputs = rows[0]?.measured ?? [];
  if (inputs.length === 0 || dataset.regionSource === null) return html``;
  return html`<h3>Table 2: attention on key regions</h3>
    <div class="matrix">
      ${table(
        `${countOf(dataset, inputs)}Mean of F(A) of the last group, upsampled and divided by its largest value: inside the key region, and outside it in small print. The paper's number is in italics. Key regions: ${REGIONS[dataset.regionSource]}. A flat map is high everywhere, so a high number alone says little: compare it with the one outside.`,
        ["defence", ...inputs.map(inputName)],
        rows.map((row) => [
          titleOf(dataset, row),
          ...row.measured!.map((input) => {
            const group = input.groups.at(-1)!;
            const paper = publishedValue(
              "activation",
              dataset.id,
              row.recipe,
              input.setting as Setting,
              input.epsilon,
            );
            return html`<b>${decimals(group.inside)}</b>
              ${paper === undefined ? null : html`<i>${paper}</i>`}<br /><small
                >outside ${decimals(group.outside)}</small
              >`;
          }),
        ]),
      )}
    </div>`;
}

/** How many of the images have a key region, if not all do. */
function countOf({ result }: ReproducedDatasetResult, inputs: readonly MeasuredInput[]): string {
  const { regions } = inputs[0]!.groups.at(-1)!;
  const { n } = result.dataset;
  return regions === n ? "" : `Over the ${regions} of ${n} test images that have a key region. `;
}

/** How far each adversary moves the attention, which the paper argues from but does not measure. */
export function shiftTable(dataset: ReproducedDatasetResult): Html {
  const rows = dataset.rows.filter(({ measured }) => measured !== null);
  const inputs = (rows[0]?.measured ?? []).filter(({ setting }) => setting !== "clean");
  if (inputs.length === 0) return html``;
  return html`<h3>How far the adversary moves the attention</h3>
    <div class="charts">
      ${inputs.map(
        (input) =>
          html`<div class="matrix">
            ${table(
              `${inputName(input)}: cosine between the maps of the clean and the adversarial image, the paper's distance ‖Q/‖Q‖ − Q'/‖Q'‖‖ (at most 1.41) in small print, mean over the images.`,
              ["defence", ...input.groups.map(({ group }) => group)],
              rows.map((row) => {
                const own = row.measured!.find(
                  (each) => each.setting === input.setting && each.epsilon === input.epsilon,
                )!;
                return [titleOf(dataset, row), ...own.groups.map(shiftCell)];
              }),
            )}
          </div>`,
      )}
    </div>`;
}

function shiftCell({ cosine, distance }: MeasuredGroup): Html {
  return html`<b>${cosine.toFixed(3)}</b><br /><small>${distance.toFixed(3)}</small>`;
}

export function inputName({
  setting,
  epsilon,
  steps,
}: Pick<MeasuredInput, "setting" | "epsilon" | "steps">): string {
  return setting === "clean" ? "clean" : `${setting} ${formatEpsilon(epsilon)}, PGD-${steps}`;
}

function decimals(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}
