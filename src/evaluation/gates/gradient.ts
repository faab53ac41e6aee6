/** The gates on gradients that are useless or incomplete: zero, around rounding, or straight through it. */
import { gradientFreeNames } from "../blind.js";
import { attacksOf } from "../curves.js";
import { foundThrough, severityOf, type Gate } from "./gate.js";
import type { AttackMeasurement, ZeroGradient } from "../result/index.js";
import { warn } from "../warn.js";
import { describe, list, percent } from "../words.js";

/**
 * The gradient was zero or denormal on images that count as right: gradient attacks tried only their starting points
 * there. In a suite, in each of its gradient attacks.
 */
export const zeroGradientGate: Gate = ({ measurements, checks = [] }) =>
  attacksOf(measurements).flatMap((m) => {
    if (m.zeroGradient === undefined || m.zeroGradient.standing === 0) return [];
    const found = foundThrough(checks, m);
    const message = `${describe(m)}: ${describeZeroGradient(m.zeroGradient, m)}${found} ${otherWays(m, found)}.`;
    return [warn("zero-gradient", severityOf(checks, [m]), message, [m])];
  });

/** How many operators a sentence names. */
const NAMED = 3;

/** What a zero gradient means for an accuracy, and what to do. */
function describeZeroGradient({ images, standing, operators }: ZeroGradient, m: AttackMeasurement): string {
  const cause =
    operators.length === 0
      ? " Its activations are saturated or dead on these images."
      : ` The model has nodes that pass no gradient: ${nameSome(operators)}.`;
  const others = gradientFreeNames(m);
  const tried = others.length === 0 ? "" : ` Only ${list(others)}, which uses none, searched there.`;
  return (
    `the gradient was zero for ${images} of ${m.n} images (${percent(images / m.n)}); ${standing} of them count as ` +
    `right only because no gradient attack could move them, so the accuracy is too high.${tried}${cause}`
  );
}

/** What to try when the gradient is no help. Straight through the rounding only if the checks did not: `found` is what they found. */
function otherWays(m: AttackMeasurement, found: string): string {
  const free = gradientFreeNames(m).length > 0;
  const isThrough = found === "" && m.zeroGradient?.steps !== undefined;
  return (
    "Try images made on another model (transfer), or " +
    (free
      ? "give Square more queries (--attack square --queries 20000)"
      : "an attack that needs no gradient (--attack square)") +
    (isThrough ? ", or let gradients pass through Round, Floor, Ceil and Sign (--straight-through)" : "")
  );
}

function nameSome(operators: readonly string[]): string {
  const more = operators.length > NAMED ? ` and ${operators.length - NAMED} more` : "";
  return `${operators.slice(0, NAMED).join(", ")}${more}`;
}

/**
 * The model rounds or counts between the image and its logits. If a gradient passes around that, it is not zero, but it
 * ignores the rounding. One warning per model, for its attacks that left images unbroken.
 */
export const stepsGate: Gate = ({ measurements, checks = [] }) => {
  const left = attacksOf(measurements).filter((m) => m.zeroGradient !== undefined && m.correct > 0);
  return [...new Set(left.map(({ model }) => model))].flatMap((model) => {
    const own = left.filter((m) => m.model === model);
    // If the gradient is zero, its own warning names the same operators.
    if (own.some((m) => m.zeroGradient!.standing > 0)) return [];
    const { steps = [], comparisons = [] } = own[0]!.zeroGradient!;
    const found = own.map((m) => foundThrough(checks, m)).join("");
    const consequence =
      `A gradient attack follows only the paths around them, so the accuracy may be too high.${found} ` +
      `${otherWays(own[0]!, found)}.`;
    const says = (kind: string, operators: readonly string[]): string =>
      `${model}: ${kind} lie between the image and the logits, and pass no gradient: ${nameSome(operators)}. ${consequence}`;
    if (steps.length > 0) {
      const all = [...steps, ...comparisons];
      return [warn("hidden-steps", severityOf(checks, own), says("operators that round or count", all), own)];
    }
    if (comparisons.length === 0) return [];
    return [
      warn(
        "hidden-steps",
        "warning",
        says("comparisons whose results are used as numbers", comparisons),
        own,
      ),
    ];
  });
};

/** A quantised model's gradients are an estimate: an attack may miss what its rounding hides. One warning per model. */
export const straightThroughGate: Gate = ({ measurements }) => {
  const left = attacksOf(measurements).filter(
    (m) => m.zeroGradient?.straightThrough !== undefined && m.correct > 0,
  );
  return [...new Set(left.map(({ model }) => model))].map((model) => {
    const own = left.filter((m) => m.model === model);
    const nodes = own[0]!.zeroGradient!.straightThrough!;
    const message =
      `${model}: gradients pass through its rounding as if it were the identity: ${nameSome(nodes)}. A gradient attack ` +
      "may miss what rounding hides, so the accuracy may be too high. Try an attack that needs no gradient (--attack square), " +
      "and images made on another model (transfer); for a quantised model, on its float32 original.";
    return warn("straight-through", "warning", message, own);
  });
};
