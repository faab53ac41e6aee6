/** The gates on gradients that say nothing, or not all: zero, past rounding, or straight through it. */
import { attacksOf } from "./curves.js";
import type { Gate } from "./gates.js";
import type { AttackMeasurement, ZeroGradient } from "./result/index.js";
import { gradientFreeNames } from "./suite-gates.js";
import { warn } from "./warn.js";
import { describe, list, percent } from "./words.js";

/**
 * The gradient was zero or denormal on images that count as right: attacks by it tried nothing but their starts on them.
 * In a suite, in each of its attacks by gradient.
 */
export const zeroGradientGate: Gate = ({ measurements }) =>
  attacksOf(measurements).flatMap((m) => {
    if (m.zeroGradient === undefined || m.zeroGradient.standing === 0) return [];
    return [
      warn("zero-gradient", "serious", `${describe(m)}: ${describeZeroGradient(m.zeroGradient, m)}`, [m]),
    ];
  });

/** How many operators a sentence names. */
const NAMED = 3;

/** What a zero gradient means for an accuracy, and what to do. */
function describeZeroGradient({ images, standing, operators }: ZeroGradient, m: AttackMeasurement): string {
  const cause =
    operators.length === 0
      ? " Its activations are saturated or dead there."
      : ` The model has nodes that pass no gradient: ${nameSome(operators)}.`;
  const others = gradientFreeNames(m);
  const tried = others.length === 0 ? "" : ` Only ${list(others)}, which asks for none, searched there.`;
  return (
    `the gradient was zero for ${images} of ${m.n} images (${percent(images / m.n)}); ${standing} of them count as ` +
    `right though no attack by it could move them, so the accuracy is too high.${tried}${cause} ${otherWays(m)}.`
  );
}

/** What to try where a gradient does not tell. */
function otherWays(m: AttackMeasurement): string {
  const free = gradientFreeNames(m).length > 0;
  return (
    "Try images made on another model (transfer), or " +
    (free
      ? "ask Square for more (--attack square --queries 20000)"
      : "an attack that needs no gradient (--attack square)")
  );
}

function nameSome(operators: readonly string[]): string {
  const more = operators.length > NAMED ? ` and ${operators.length - NAMED} more` : "";
  return `${operators.slice(0, NAMED).join(", ")}${more}`;
}

/**
 * The model rounds or counts on the way from the image to its logits. Where a gradient passes beside that, it is not zero,
 * and says nothing of what the rounding does. One warning a model, of its attacks that left something.
 */
export const stepsGate: Gate = ({ measurements }) => {
  const left = attacksOf(measurements).filter((m) => m.zeroGradient !== undefined && m.correct > 0);
  return [...new Set(left.map(({ model }) => model))].flatMap((model) => {
    const own = left.filter((m) => m.model === model);
    // Where the gradient is zero, its own warning names the same operators.
    if (own.some((m) => m.zeroGradient!.standing > 0)) return [];
    const { steps = [], comparisons = [] } = own[0]!.zeroGradient!;
    const consequence =
      "An attack by the gradient follows only what passes beside them, so the accuracy may be too high. " +
      `${otherWays(own[0]!)}, or let gradients pass them (--straight-through).`;
    const says = (kind: string, operators: readonly string[]): string =>
      `${model}: ${kind} lie between the image and the logits, and pass no gradient: ${nameSome(operators)}. ${consequence}`;
    if (steps.length > 0) {
      const all = [...steps, ...comparisons];
      return [warn("hidden-steps", "serious", says("operators that round or count", all), own)];
    }
    if (comparisons.length === 0) return [];
    return [
      warn("hidden-steps", "warning", says("comparisons whose answer is used as a number", comparisons), own),
    ];
  });
};

/** A quantised model's gradients are an estimate: an attack may miss what its rounding hides. One warning a model. */
export const straightThroughGate: Gate = ({ measurements }) => {
  const left = attacksOf(measurements).filter(
    (m) => m.zeroGradient?.straightThrough !== undefined && m.correct > 0,
  );
  return [...new Set(left.map(({ model }) => model))].map((model) => {
    const own = left.filter((m) => m.model === model);
    const nodes = own[0]!.zeroGradient!.straightThrough!;
    const message =
      `${model}: gradients pass straight through what rounds in it, as through an identity: ${nameSome(nodes)}. An attack by ` +
      "them may miss what rounding hides, so the accuracy may be too high. Try an attack that needs none (--attack square), " +
      "and images made on another model (transfer), of a quantised model on its float32 original.";
    return warn("straight-through", "warning", message, own);
  });
};
