import { CARDS, normLabel } from "../../attacks/cards/index.js";
import type { BoundaryScores, ResultWarning } from "../result/index.js";
import { attacksOf, type Measured } from "../curves.js";
import { warn } from "../warn.js";
import { describe, describeSearch } from "../words.js";
import { furtherAttack, severityOf } from "./gate.js";

/** If the scores of this share of the images drop off a cliff, they say nothing about the decision. */
const MANY = 0.25;

/** Whether a model's scores mislead: its label leads as before right up to the place where the class changes. */
export function misleads(boundary: BoundaryScores | undefined): boundary is BoundaryScores {
  return boundary !== undefined && boundary.cliffs > 0 && boundary.cliffs >= MANY * boundary.images;
}

/** The scores do not fall towards the decision, so attacks that follow them cannot find it. */
export function scoresGate({
  checks = [],
  measurements,
}: Pick<Measured, "checks" | "measurements">): ResultWarning[] {
  return checks.flatMap(({ measurement, boundary }) => {
    const about = attacksOf(measurements).find(({ id }) => id === measurement);
    if (about === undefined || !misleads(boundary)) return [];
    const search = furtherAttack(checks, measurement, "decision");
    const { name, norms } = CARDS["hop-skip-jump"];
    const isKnown = norms.some((norm) => norm === about.threat.norm);
    const where = isKnown ? "" : ` in ${norms.map(normLabel).join(" or ")}, the norms it supports`;
    const message =
      `${describe(about)}: on straight lines from images that survived to images that get another class, the label's lead was still more than ` +
      `half of the clean one just before the class changed, on ${boundary.cliffs} of ${boundary.images}. The scores do not say how near another ` +
      "class is, so attacks that follow them, by gradients or by queries, are blind: the number is not robustness. " +
      `${search ? `${describeSearch(search, ", which sees only the predicted class,")} ` : ""}Attack by decisions alone (--attack ${name} --queries 20000)${where}, or attack the model ` +
      "without the step that hides its scores.";
    return [warn("misleading-scores", severityOf(checks, [about]), message, [about])];
  });
}
