import type { ModelInfo, Result } from "../evaluation/index.js";
import { citationsOf, sentencesOf } from "../report/index.js";
import { corruptionsPart } from "./corruptions.js";
import { findingsOf } from "./findings.js";
import { bullets, document, inline } from "./markdown.js";
import { modelIndexOf } from "./model-index.js";
import { againBlock, findingsTable, modelTable, warningsList } from "./parts.js";
import { frontMatter } from "./yaml.js";

/**
 * A model card (Mitchell et al. 2019, arXiv:1810.03993) as far as an evaluation can fill it in: what was measured, how, and what
 * that does not show. The author adds intended use, training data and licence where the card says so.
 */
export function modelCard(result: Result, model: ModelInfo): string {
  const { entries } = modelIndexOf(result, model);
  const findings = findingsOf(result, model.name);
  const falseNumbers = findings.filter(({ falsifiedBy }) => falsifiedBy !== undefined);
  const own = { ...result, models: [model] };
  return document(
    frontMatter({
      pipeline_tag: "image-classification",
      tags: ["onnx", "image-classification", "adversarial-robustness", "holdfast"],
      metrics: ["accuracy"],
      ...(entries.length === 0 ? {} : { "model-index": entries }),
    }),
    `# ${inline(model.name)}`,
    ...sentencesOf(own).map(inline),
    falseNumbers.length === 0
      ? ""
      : `> **Do not rely on ${falseNumbers.map(({ id }) => id).join(", ")}.** A serious warning calls ` +
          `${falseNumbers.length === 1 ? "this number" : "these numbers"} false; the table says why.`,
    "## Accuracy",
    findingsTable(findings),
    "An image counts as right under attack if the model is right on it and no attack changed that. Intervals are Wilson's. " +
      "Accuracy under attack is an upper bound: a stronger attack can only lower it.",
    corruptionsPart(result, model),
    "## How it was measured",
    modelTable(result, model),
    "## Limits and warnings",
    warningsList(result, model.name),
    "## Repeat the measurement",
    againBlock(result),
    ...citationsOf(own).map((sentence) => `> ${inline(sentence)}`),
    "## To be added by its author",
    bullets([
      "Intended use, and uses that are out of scope.",
      "Training data, its origin and its licence; the licence of the model.",
      "Groups of people or conditions under which its accuracy differs: none were measured here.",
    ]),
  );
}
