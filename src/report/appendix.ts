import type { ModelInfo, Result } from "../evaluation/index.js";
import * as format from "./format.js";
import { embeddedJson, html, raw, type Html } from "./html.js";
import { table } from "./tables.js";

/** Everything needed to repeat the measurement. */
export function appendixSection(result: Result): Html {
  const { dataset, seed } = result;
  return html`<section id="appendix" aria-label="How it was measured">
    <h2>How it was measured</h2>
    ${table(
      "The run",
      ["what", "value"],
      [
        ...runRows(result),
        ["seed", String(seed)],
        ["images", `${dataset.name}, ${dataset.n} of ${dataset.population}`],
        [
          "image size",
          `${dataset.channels} × ${dataset.height} × ${dataset.width} (channels × height × width)`,
        ],
        ["classes", classesOf(dataset)],
      ],
    )}
    ${table("The models", ["model", "architecture", "parameters", "file", "sha256"], result.models.map(modelRow))}
    ${result.models.map(settingsOf)} ${validationTable(result)}
  </section>`;
}

/** What computed the result, where and when. */
export function runRows({
  tool,
  runtime,
  date,
}: Pick<Result, "tool" | "runtime" | "date">): (readonly [what: string, value: string])[] {
  return [
    ["tool", `${tool.name} ${tool.version}`],
    ["engine", `${runtime.engine} ${runtime.engineVersion}, ${runtime.host}, ${runtime.threads} threads`],
    ...(runtime.layout === undefined ? [] : [["layout of gradients", runtime.layout] as const]),
    ["machine", `${runtime.cpu}, ${runtime.platform}`],
    ...(runtime.device === undefined ? [] : [["device", describeDevice(runtime.device)] as const]),
    ["date", date],
  ];
}

function describeDevice({ name, onCpu }: NonNullable<Result["runtime"]["device"]>): string {
  return onCpu.length === 0 ? name : `${name}; run on the CPU for lack of kernels: ${onCpu.join(", ")}`;
}

/** Classes with their numbers of images; classes without images are only counted. */
function classesOf({ classNames, classCounts }: Result["dataset"]): string {
  const shown = classNames.flatMap((name, i) =>
    classCounts[i] === 0 ? [] : [`${name} (${classCounts[i]})`],
  );
  const none = classNames.length - shown.length;
  return `${shown.join(", ")}${none === 0 ? "" : `, and ${none} without images`}`;
}

function modelRow(model: ModelInfo): string[] {
  return [
    model.name,
    model.architecture,
    format.grouped(model.parameterCount),
    model.path,
    model.sha256.slice(0, 16),
  ];
}

function settingsOf({ name, training }: ModelInfo): Html {
  if (training === undefined) return html``;
  const rows = Object.entries(training.settings).map(([key, value]) => [
    key,
    value === null ? "none" : String(value),
  ]);
  const took = [
    ["steps", String(training.steps)],
    ["time", format.duration(training.seconds)],
    ...(training.bestStep === undefined ? [] : [["weights kept", `those of step ${training.bestStep}`]]),
  ];
  return html`<details>
    <summary>How ${name} was trained</summary>
    ${table(`Training of ${name}`, ["setting", "value"], [...took, ...rows])}
  </details>`;
}

function validationTable({ models }: Result): Html {
  const rows = models.flatMap(({ name, training }) =>
    (training?.validation ?? []).map((point) => [
      name,
      String(point.step),
      String(point.n),
      format.percent(point.cleanAccuracy),
      point.robustAccuracy === null ? "" : format.percent(point.robustAccuracy),
    ]),
  );
  if (rows.length === 0) return html``;
  return html`<details>
    <summary>Validation during training</summary>
    ${table("On images held out from the training set", ["model", "step", "images", "clean", "under attack"], rows)}
  </details>`;
}

/** The result as JSON for other programs, without the pictures, which the page already shows. */
export function dataBlock(result: Result): Html {
  const { html: json } = embeddedJson({ ...result, examples: [] });
  return raw(`<script type="application/json" id="result">${json}</script>`);
}
