import { accuracyOf, percent, type ModelInfo, type Result } from "../evaluation/results.js";
import { interval } from "../report/index.js";
import { describeFinding, findingsOf, type Finding } from "./findings.js";
import { plainText } from "./text.js";
import { frontMatter } from "./yaml.js";

/** A Hugging Face `model-index` (hub-docs, modelcard.md), and what was left out of it. */
export interface ModelIndex {
  readonly entries: readonly Readonly<Record<string, unknown>>[];
  /** Numbers that serious warnings call false, because the Hub shows numbers without their warnings. */
  readonly leftOut: readonly Finding[];
}

/**
 * Clean accuracy and, for each threat, the accuracy under all attacks together: shares from 0 to 1, with interval, images,
 * attacks and seed in `args`. `robust_accuracy` is not a metric of the Hub: as `accuracy` it would be ranked with clean accuracies.
 */
export function modelIndexOf(result: Result, model: ModelInfo): ModelIndex {
  const findings = findingsOf(result, model.name);
  const told = findings.filter(({ kind }) => kind !== "attack");
  const metrics = told.filter(({ falsifiedBy }) => falsifiedBy === undefined);
  const { dataset } = result;
  const entry = {
    name: plainText(model.name),
    results: [
      {
        task: { type: "image-classification", name: "Image Classification" },
        dataset: {
          type: slugOf(dataset.name),
          name: plainText(dataset.name),
          split: plainText(dataset.split),
          args: { images: dataset.n, sampling: dataset.sampling, population: dataset.population },
        },
        metrics: metrics.map((finding) => metricOf(result, finding, findings)),
      },
    ],
  };
  return {
    entries: metrics.length === 0 ? [] : [entry],
    leftOut: told.filter(({ falsifiedBy }) => falsifiedBy !== undefined),
  };
}

function metricOf(result: Result, finding: Finding, all: readonly Finding[]): Record<string, unknown> {
  const { kind, threat, accuracy, interval: range, n, correct, unfinished, warnings } = finding;
  const isClean = kind === "clean";
  const attacks = all.filter((each) => each.kind === "attack" && !each.targeted && sameThreat(each, finding));
  const name = isClean
    ? "Accuracy"
    : `Accuracy under ${describeFinding(finding)}${unfinished === undefined ? "" : ", unfinished"}`;
  return {
    type: isClean ? "accuracy" : "robust_accuracy",
    value: accuracy,
    name: plainText(`${name}: ${accuracyOf(finding)}, 95 % interval ${interval(range)}`),
    args: {
      images: n,
      right: correct,
      interval: [range.low, range.high],
      confidence: range.confidence,
      seed: result.seed,
      ...(threat === undefined
        ? {}
        : {
            norm: threat.norm,
            epsilon: threat.epsilon,
            attacks: attacks.map(({ what, source }) =>
              plainText(source === undefined ? what : `${what} made on ${source}`),
            ),
            upper_bound: true,
          }),
      ...(unfinished === undefined ? {} : { unfinished }),
      ...(warnings.length === 0 ? {} : { warnings: [...new Set(warnings.map(({ code }) => code))] }),
      tool: plainText(`${result.tool.name} ${result.tool.version}`),
    },
  };
}

function sameThreat(a: Finding, b: Finding): boolean {
  return a.threat?.norm === b.threat?.norm && a.threat?.epsilon === b.threat?.epsilon;
}

/** Dataset names on the Hub have no spaces; `photos:test` is a split of photos. */
function slugOf(name: string): string {
  const slug = name
    .replace(/:\w+$/, "")
    .split(/[/\\]/)
    .filter((part) => part !== "")
    .at(-1)
    ?.toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return slug === undefined || slug === "" ? "dataset" : slug;
}

/** Only the block, for the top of a README.md. */
export function modelIndexBlock(index: ModelIndex): string {
  return `${frontMatter({ "model-index": index.entries })}\n`;
}

/** Why a number is not in the index. */
export function describeLeftOut(finding: Finding): string {
  return (
    `${describeFinding(finding)}: ${percent(finding.accuracy)} is left out of the model-index, because a serious warning calls it ` +
    `false: ${finding.falsifiedBy!.message}`
  );
}
