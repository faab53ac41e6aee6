/**
 * The automatic gates: what makes a robust accuracy suspect (Athalye et al. 2018, §3.1;
 * Carlini et al. 2019, §3). Each is a pure function from measurements to warnings, so a
 * stored result can be judged again.
 */
import { CARDS, holdsGrayImage, NO_CLASS } from "../attacks/cards/index.js";
import {
  accuracyAgainstEpsilon,
  accuracyAgainstSteps,
  attacksOf,
  type Curve,
  type CurvePoint,
  type Measured,
} from "./curves.js";
import {
  adaptiveGate,
  fittedGate,
  longerGate,
  repeatsGate,
  signsGate,
  unadaptedGate,
} from "./check-gates.js";
import { needsGradient } from "./blind.js";
import { guessGate } from "./guess-gate.js";
import { budgetGate, endedEarlyGate } from "./limit-gates.js";
import { noGradientGate } from "./no-gradient-gate.js";
import type { AttackMeasurement, CleanMeasurement, ResultWarning, WarningCode } from "./result/index.js";
import { scoresGate } from "./scores-gate.js";
import { stepsGate, straightThroughGate, zeroGradientGate } from "./gradient-gates.js";
import { blackBoxGate, fewClassesGate } from "./suite-gates.js";
import { warn } from "./warn.js";
import { attackLabel, describe, list, nameOf, number, percent } from "./words.js";

/** A black-box result better than this (in accuracy) betrays a failing white-box attack. */
const transferMargin = 0.002;

/** Below this many images an interval says too little to speak of a collapse. */
const FEW = 10;
/** The attack whose image is the same for all models. */
const GRAY = CARDS["gray-image"].name;

export type Gate = (measured: Measured) => ResultWarning[];

/** Titles of the warnings, for people. */
export const warningTitles: Readonly<Record<WarningCode, string>> = Object.freeze({
  "short-reach": "The attack could not reach the edge of the ball",
  "gray-image": "ε is so large that one gray image is in every ball",
  "above-chance": "Accuracy never falls to chance",
  "not-monotone": "A stronger attack left more accuracy",
  collapsed: "The model is no better than a guess",
  "transfer-stronger": "A black-box attack beats the white-box one",
  "black-box-stronger": "An attack without gradients broke what the gradient attacks left",
  "few-classes": "Too few classes for the loss",
  "not-converged": "The attack had not converged",
  "unreliable-attack": "The attack's own checks failed",
  "unavailable-gradients": "Some gradients were missing",
  "unstable-predictions": "Imperceptible noise changes the prediction",
  "silent-success": "The attack did not return what it found",
  "incomplete-optimisation": "The attack stopped while its loss was still rising",
  "transfer-failure": "The attack broke a different function from the model",
  "unconstrained-failure": "The attack failed even without limits",
  "misleading-scores": "The scores do not say how near another class is",
  "not-adaptive": "The attack was not adapted to the defence",
  fitted: "The attacks were adjusted to the model",
  "non-finite": "NaN or infinity in the attack or the model's outputs",
  "zero-gradient": "The gradient was zero",
  "hidden-steps": "Parts of the model pass no gradient",
  "guessed-pixels": "The model's preprocessing is a guess",
  "no-gradient": "Attacked without gradients",
  "straight-through": "Gradients ignore rounding",
  "budget-spent": "The time budget ran out",
  "ended-early": "Ended as soon as the outcome was certain",
});

/** Share of the largest class among the images scored: what a constant answer gets. */
export function chanceLevel({ dataset }: Pick<Measured, "dataset">): number {
  return Math.max(...dataset.classCounts) / dataset.n;
}

/**
 * Gate 1: steps × step size < ε. From a clean start the attack never sees the edge of its ball;
 * from a random one it sees less than half of the ball. Not raised if another attack on the
 * same model under the same threat does reach it: then the short one is a point on a curve.
 */
export const reachGate: Gate = ({ measurements }) => {
  const attacks = attacksOf(measurements);
  return attacks.flatMap((m) => {
    if (reaches(m) || attacks.some((other) => comparable(m, other) && searches(other) && reaches(other))) {
      return [];
    }
    const { steps, stepSize } = m.parameters as { steps: number; stepSize: number };
    const reach = steps * stepSize;
    const { epsilon } = m.threat;
    const needed =
      stepSize > 0
        ? ` At this step size, reaching ε takes at least ${Math.ceil(epsilon / stepSize - 1e-9)} steps.`
        : "";
    const message =
      `${describe(m)} takes ${steps} steps of ${number(stepSize)}: it reaches ${number(reach)}, ` +
      `short of ε = ${number(epsilon)}.${needed}`;
    return [warn("short-reach", "warning", message, [m])];
  });
};

/** The gray image lies somewhere in its ball, and says nothing about how far another attack went. */
function searches({ attack }: AttackMeasurement): boolean {
  return attack !== GRAY;
}

/** Attacks that choose their own steps, and suites of them, reach the edge. */
function reaches({ parameters: { steps, stepSize }, threat }: AttackMeasurement): boolean {
  return steps === null || stepSize === null || steps * stepSize >= threat.epsilon * (1 - 1e-6);
}

/** Whether two measurements are of the same model under the same threat, from the same source. */
function comparable(a: AttackMeasurement, b: AttackMeasurement): boolean {
  const source = (m: AttackMeasurement): string => (m.kind === "transfer" ? m.source : "");
  return (
    a.model === b.model &&
    source(a) === source(b) &&
    a.threat.norm === b.threat.norm &&
    a.threat.epsilon === b.threat.epsilon
  );
}

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
 * Gate 4: more ε or more steps cannot help the model. A point above the upper limit of an earlier,
 * weaker point's interval means that the stronger attack did worse.
 */
export const monotoneGate: Gate = (measured) => [
  ...accuracyAgainstEpsilon(measured).flatMap((curve) => rises(curve, "ε")),
  ...accuracyAgainstSteps(measured).flatMap((curve) => rises(curve, "steps")),
];

function rises(curve: Curve, variable: string): ResultWarning[] {
  let lowest: CurvePoint | undefined;
  for (const point of curve.points) {
    const { measurement } = point;
    if (lowest !== undefined && measurement.accuracy > lowest.measurement.interval.high) {
      const message =
        `${curve.model}, ${nameOf(curve.attack)}: ${percent(lowest.measurement.accuracy)} at ${variable} = ` +
        `${number(lowest.x)} but ${percent(measurement.accuracy)} at ${number(point.x)}, beyond the ` +
        `confidence interval. More attack broke fewer images, so the attack is not a fair measure.`;
      return [warn("not-monotone", "warning", message, [lowest.measurement, measurement])];
    }
    // Do not compare others with a point where a budget had time for more attacks.
    if (measurement.kind !== "clean" && measurement.further !== undefined) continue;
    if (lowest === undefined || measurement.accuracy < lowest.measurement.accuracy) lowest = point;
  }
  return [];
}

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

/** Gate 6: images made without the model's gradient fool it more often than its own gradient does. */
export const transferGate: Gate = ({ measurements }) => {
  const attacks = attacksOf(measurements).filter((m) => !m.parameters.targeted);
  return attacks.flatMap((blind) => {
    if (!isBlind(blind)) return [];
    const rivals = attacks.filter(
      (m) =>
        m.kind === "white-box" &&
        m.attack !== GRAY &&
        // Two attacks without gradients are not rivals: the better one just made more queries.
        (blind.kind === "transfer" || blind.attack === GRAY || usesGradient(m)) &&
        m.model === blind.model &&
        m.threat.norm === blind.threat.norm &&
        m.threat.epsilon === blind.threat.epsilon,
    );
    if (rivals.length === 0) return [];
    const best = rivals.reduce((least, m) => (m.accuracy < least.accuracy ? m : least));
    if (blind.accuracy >= best.accuracy - transferMargin) return [];
    const cause = usesGradient(best)
      ? "The model hides its gradient: the white-box number is too high."
      : "The attack without gradients needs more queries: its number is too high.";
    const message =
      `${describe(blind)} leaves ${percent(blind.accuracy)}, but the white-box ${attackLabel(best)} ` +
      `${percent(best.accuracy)}. ${cause}`;
    return [warn("transfer-stronger", "serious", message, [blind, best])];
  });
};

/** Whether an attack used no gradient of the model. Images made on the model itself are a white-box attack of another length. */
function isBlind(m: AttackMeasurement): boolean {
  return m.kind === "transfer" ? m.source !== m.model : m.stages === undefined && !needsGradient(m.attack);
}

function usesGradient({ attack, stages }: AttackMeasurement): boolean {
  return stages !== undefined || needsGradient(attack);
}

/** Gate 7: twice the steps (or more) gain more than the interval allows for. */
export const convergenceGate: Gate = (measured) =>
  accuracyAgainstSteps(measured).flatMap((curve) => {
    if (curve.kind !== "white-box") return [];
    const last = curve.points.at(-1)!;
    // Too few steps to reach the edge of the ball say nothing about convergence.
    const half = curve.points
      .filter(({ x, measurement }) => x * 2 <= last.x && reaches(measurement as AttackMeasurement))
      .at(-1);
    if (half === undefined || last.measurement.accuracy >= half.measurement.interval.low) return [];
    const message =
      `${curve.model}, ${nameOf(curve.attack)}: ${percent(half.measurement.accuracy)} after ${half.x} steps, ` +
      `${percent(last.measurement.accuracy)} after ${last.x}. Numbers at fewer steps are too high; ` +
      `measure more steps until they stop falling.`;
    return [warn("not-converged", "warning", message, [half.measurement, last.measurement])];
  });

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

/** Skips measurements that were cut off: their accuracy is only a bound, and says nothing about the attack. */
function ofFinished(gate: Gate): Gate {
  return (measured) =>
    gate({
      ...measured,
      measurements: measured.measurements.filter((m) => m.kind === "clean" || m.unfinished === undefined),
    });
}

/** Every gate that needs only a result. */
export const gates: readonly Gate[] = Object.freeze([
  collapseGate,
  guessGate,
  noGradientGate,
  finiteGate,
  zeroGradientGate,
  stepsGate,
  straightThroughGate,
  ofFinished(grayImageGate),
  ofFinished(transferGate),
  blackBoxGate,
  repeatsGate,
  scoresGate,
  signsGate,
  adaptiveGate,
  longerGate,
  reachGate,
  monotoneGate,
  convergenceGate,
  chanceGate,
  unadaptedGate,
  fewClassesGate,
  fittedGate,
  budgetGate,
  endedEarlyGate,
]);

/** Runs all gates; the most serious warnings come first. */
export function checkGates(measured: Measured): ResultWarning[] {
  const rank = { serious: 0, warning: 1, info: 2 };
  return gates.flatMap((gate) => gate(measured)).sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/** What the numbers of these attacks do not show: they are upper bounds. */
export function upperBoundStatements(measured: Measured): string[] {
  const attacks = attacksOf(measured.measurements);
  const names = new Set(attacks.map(attackLabel));
  if (names.size === 0) return [];
  const isAtRandom = attacks.some(({ parameters }) => parameters["location"] === "random");
  const several = names.size > 1;
  return [
    `${list([...names])} ${several ? "are upper bounds" : "is an upper bound"} on robust accuracy: a stronger ` +
      `attack can only find more adversarial images. ${several ? "They show" : "It shows"} what these attacks ` +
      `did not break, not what cannot be broken.`,
    ...(isAtRandom
      ? [
          "The patch was tried at a few random places in each image, not at the worst one: more --restarts find more.",
        ]
      : []),
  ];
}
