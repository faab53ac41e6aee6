import { NO_CLASS } from "../../attacks/cards/index.js";
import type { CleanMeasurement, ResultWarning } from "../result/index.js";
import { warn } from "../warn.js";
import { describe } from "../words.js";
import type { Gate } from "./gate.js";

/**
 * The attack's pixels were not finite (the clean image replaces them), or the model's output was NaN, which counts as
 * wrong whatever the label.
 */
export const finiteGate: Gate = ({ measurements }) =>
  measurements.flatMap((m) => {
    if (m.kind === "clean") return cleanWithoutClass(m);
    if (m.nonFinite === 0) return [];
    const message =
      `${describe(m)}: for ${m.nonFinite} of ${m.n} images the attack's pixels were not finite, or the model's logits ` +
      `were NaN. The first were not attacked, and the second count as wrong${m.correct === 0 ? "" : ", so the accuracy is false"}.`;
    return [warn("non-finite", "serious", message, [m])];
  });

function cleanWithoutClass(m: CleanMeasurement): ResultWarning[] {
  const missing = m.perImage?.cleanPrediction.filter((prediction) => prediction === NO_CLASS).length ?? 0;
  if (missing === 0) return [];
  const message =
    `${m.model}: for ${missing} of ${m.n} clean images its logits were NaN. These images count as wrong. Look for the cause, ` +
    "such as pixels it was not made for.";
  return [warn("non-finite", "serious", message, [m])];
}
