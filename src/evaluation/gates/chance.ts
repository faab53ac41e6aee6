/** Accuracy beside what a constant answer gets. */
import { holdsGrayImage } from "../../attacks/cards/index.js";
import { accuracyAgainstEpsilon, attacksOf } from "../curves.js";
import type { AttackMeasurement } from "../result/index.js";
import { warn } from "../warn.js";
import { describe, percent } from "../words.js";
import { chanceLevel, type Gate } from "./gate.js";

/** Below this many images an interval says too little to speak of a collapse. */
const FEW = 10;

/**
 * Gate 2: at ε ≥ .5 on [0, 1] the gray image lies in every L∞ ball, so no classifier can truly
 * exceed the share of the largest class. An accuracy above that is false, whatever the attack.
 */
export const grayImageGate: Gate = (measured) => {
  const share = chanceLevel(measured);
  return attacksOf(measured.measurements).flatMap((m) => {
    if (!holdsGrayImage(m.threat) || m.parameters.targeted) return [];
    if (m.accuracy <= share) return [];
    const message =
      `${describe(m)} reports ${percent(m.accuracy)}. At ε ≥ 0.5 the same gray image lies in ` +
      `every ball, so no classifier can exceed ${percent(share)}, the share of the largest class. The ` +
      `attack failed, and the number is not robustness.`;
    return [warn("gray-image", "serious", message, [m])];
  });
};

/**
 * Gate 3: accuracy must fall to chance as ε grows. Below ε = .5 a curve that ends above chance only
 * says that larger ε were not measured; from .5 up it says that the attack fails.
 */
export const chanceGate: Gate = (measured) => {
  const chance = chanceLevel(measured);
  return accuracyAgainstEpsilon(measured).flatMap((curve) => {
    if (curve.kind !== "white-box") return [];
    const last = curve.points.at(-1)!.measurement as AttackMeasurement;
    if (last.interval.low <= chance || last.parameters.targeted) return [];
    const impossible = holdsGrayImage(last.threat);
    const message =
      `${describe(last)}: ${percent(last.accuracy)} at the largest ε measured, above chance ` +
      `(${percent(chance)}). ` +
      (impossible
        ? "With an ε this large an attack must succeed, so this attack does not work on this model."
        : "To show that the attack works on this model, measure larger ε until the curve reaches chance.");
    return [warn("above-chance", impossible ? "serious" : "info", message, [last])];
  });
};

/**
 * Gate 5: the interval of the clean accuracy includes chance. Training collapsed, or the labels do not fit. What an attack
 * leaves of a guess is not robustness either.
 */
export const collapseGate: Gate = (measured) => {
  const chance = chanceLevel(measured);
  return measured.measurements.flatMap((m) => {
    // With few images the interval alone reaches down to chance; a model that is right more often has not collapsed.
    const few = m.n < FEW && m.accuracy > chance;
    if (m.kind !== "clean" || m.interval.low > chance || m.correct === m.n || few) return [];
    const message =
      `${m.model} is right on ${percent(m.accuracy)} of the clean images; always naming the largest class ` +
      `gives ${percent(chance)}. Either its pixels are not preprocessed as in training (see --mean, --std, ` +
      "--pixel-range, --channel-order and --layout), or its classes are in a different order from the dataset's, or its training " +
      "collapsed. Its accuracy under attack means nothing.";
    const own = measured.measurements.filter(({ model }) => model === m.model);
    return [warn("collapsed", "serious", message, own)];
  });
};
