import { appendGradients } from "../autodiff/index.js";
import { deadCode, GraphBuilder, type Graph, type Value } from "../graph/index.js";
import {
  attentionMap,
  labelLogOdds,
  needsOf,
  TERMS,
  totalLoss,
  type Branch,
  type LossTerm,
  type LossWeights,
} from "../losses/index.js";
import { tapActivation, type BoundClassifier } from "../models/index.js";
import type { Question } from "./asking.js";
import type { StepNorm } from "./threat.js";

/** Names of the step graph's inputs and outputs. */
export const STEP = {
  /** Current iterate x_t, `[N, C, H, W]`. */
  image: "image",
  oneHot: "one_hot",
  /** 1 / T of each image's loss, `[N, 1]`; only if no recipe's loss is raised. */
  inverseTemperature: "inverse_temperature",
  /** Signed step, `[N, 1, 1, 1]`: negative descends (targeted attacks). */
  stepSize: "step_size",
  /** L∞: the ball's bounds clipped to [0, 1], `[N, C, H, W]`. */
  lower: "lower",
  upper: "upper",
  /** L2: the clean image and the radius, `[N, 1, 1, 1]`. */
  original: "original",
  epsilon: "epsilon",
  /** Pairing objectives: the clean images' logits `[N, K]` and maps `[N, h·w]` per group. */
  cleanLogits: "clean_logits",
  cleanAttention: (group: number): string => `clean_attention_${group}`,
  /** The gradients of other draws of a randomised classifier, summed, `[N, C, H, W]`: added to this draw's. */
  otherGradients: "other_gradients",
  /** The sum of the gradients so far, `[N, C, H, W]`. */
  gradients: "gradients",
  /** x_{t+1}, projected. */
  next: "next_image",
  /** Logits `[N, K]` of x_t. */
  logits: "step_logits",
  /** The largest |∂L/∂x| of each image at x_t, `[N]`: 0 if the gradient is useless. */
  gradientPeak: "gradient_peak",
} as const;

/** Together they scale the smallest float32, 1.4e-45, above 1; a single factor would have to be infinite. */
const SIGN_GAINS = [1e30, 1e30] as const;
/** The smallest float32 above 0. */
const SMALLEST = 2 ** -149;
/** Smallest norm to divide by; a shorter vector counts as zero. */
const NORM_FLOOR = 1e-30;

export interface PgdStepOptions {
  readonly norm: StepNorm;
  /** What δ maximises: a recipe's loss, or by default {@link labelLogOdds} at the temperatures fed. */
  readonly weights?: LossWeights;
  /** Receives the gradients of other draws and outputs their sum, which the step follows. */
  readonly sums?: boolean;
}

/**
 * One step of projected gradient descent as a graph (Madry et al. 2018, §2.1):
 *
 *   L∞: x' = min( max( x + α · sign ∇ₓL, lower ), upper )
 *   L2: x' = clip( x₀ + Π_ε( x + α · ∇ₓL / ‖∇ₓL‖₂ − x₀ ), 0, 1 )
 *
 * L is summed over images, not averaged, so an image's iterates do not depend on its
 * batch. The classifier is in eval form; its weights stay initializers.
 */
export function pgdStepGraph(classifier: BoundClassifier, options: PgdStepOptions): Graph {
  const { g, image, logits, oneHot } = openStep(classifier);
  const loss = objective(g, classifier, logits, oneHot, options.weights);
  const total = g.op("ReduceSum", [loss], { keepdims: 0 });
  const [own] = appendGradients(g, { of: total, withRespectTo: [image] });
  const gradient =
    options.sums === true ? g.op("Add", [own!, g.input(STEP.otherGradients, "float32", image.shape)]) : own!;
  const stepSize = g.input(STEP.stepSize, "float32", [image.shape[0]!, 1, 1, 1]);
  const next =
    options.norm === "linf" ? linfStep(g, image, gradient, stepSize) : l2Step(g, image, gradient, stepSize);
  g.output(next, STEP.next);
  g.output(
    g.op("ReduceMax", [g.op("Abs", [gradient]), g.ints([1, 2, 3])], { keepdims: 0 }),
    STEP.gradientPeak,
  );
  g.output(logits, STEP.logits);
  if (options.sums === true) g.output(gradient, STEP.gradients);
  return deadCode(g.build());
}

/** {@link pgdStepGraph} of the label's log-odds, as a question to a target. */
export function pgdQuestion(norm: StepNorm, { sums = false }: { readonly sums?: boolean } = {}): Question {
  return QUESTIONS[norm][sums ? 1 : 0];
}

const questionOf = (norm: StepNorm, sums: boolean): Question => ({
  key: `pgd-${norm}${sums ? "-sums" : ""}`,
  kind: "gradient",
  build: (classifier) => pgdStepGraph(classifier, { norm, sums }),
});
const QUESTIONS: Readonly<Record<StepNorm, readonly [Question, Question]>> = {
  linf: [questionOf("linf", false), questionOf("linf", true)],
  l2: [questionOf("l2", false), questionOf("l2", true)],
};

function openStep({ graph, image, logits }: BoundClassifier): {
  g: GraphBuilder;
  image: Value;
  logits: Value;
  oneHot: Value;
} {
  const g = GraphBuilder.from(graph);
  const logitsValue = g.value(logits);
  const oneHot = g.input(STEP.oneHot, "float32", logitsValue.shape);
  return { g, image: g.value(image), logits: logitsValue, oneHot };
}

function objective(
  g: GraphBuilder,
  classifier: BoundClassifier,
  logits: Value,
  oneHot: Value,
  weights: LossWeights | undefined,
): Value {
  if (weights === undefined) {
    const inverseTemperature = g.input(STEP.inverseTemperature, "float32", [logits.shape[0]!, 1]);
    return labelLogOdds(g, logits, oneHot, inverseTemperature);
  }
  const movable = movableTerms(weights);
  const needs = needsOf(movable);
  const attention = needs.attention
    ? classifier.taps.map((tap) => attentionMap(g, tapActivation(g, tap)))
    : [];
  const clean: Branch | undefined = needs.clean
    ? {
        logits: g.input(STEP.cleanLogits, "float32", logits.shape),
        attention: attention.map((map, j) => g.input(STEP.cleanAttention(j), "float32", map.shape)),
      }
    : undefined;
  return totalLoss(g, { clean, adversarial: { logits, attention }, oneHot }, movable).perImage;
}

/** The terms that depend on δ; those of only the clean images do not. */
export function movableTerms(weights: LossWeights): LossWeights {
  return Object.fromEntries(
    Object.entries(weights).filter(([name]) => TERMS[name as LossTerm].needs.adversarial),
  );
}

function linfStep(g: GraphBuilder, image: Value, gradient: Value, stepSize: Value): Value {
  const lower = g.input(STEP.lower, "float32", image.shape);
  const upper = g.input(STEP.upper, "float32", image.shape);
  const moved = g.op("Add", [image, g.op("Mul", [signOf(g, gradient), stepSize])]);
  return g.op("Min", [g.op("Max", [moved, lower]), upper]);
}

/** The exact sign of every float32, in vectorised passes: Sign is slow, and denormals need two gains. */
function signOf(g: GraphBuilder, value: Value): Value {
  return SIGN_GAINS.reduce(
    (sign, gain) => g.op("Clip", [g.op("Mul", [sign, g.scalar(gain)]), g.scalar(-1), g.scalar(1)]),
    value,
  );
}

function l2Step(g: GraphBuilder, image: Value, gradient: Value, stepSize: Value): Value {
  const original = g.input(STEP.original, "float32", image.shape);
  const epsilon = g.input(STEP.epsilon, "float32", [image.shape[0]!, 1, 1, 1]);
  const norm = (value: Value): Value =>
    g.op("Max", [g.op("ReduceL2", [value, g.ints([1, 2, 3])], { keepdims: 1 }), g.scalar(NORM_FLOOR)]);
  // Scaled to a length of about 1 before squaring, whatever the gradient's magnitude.
  const peak = g.op("ReduceMax", [g.op("Abs", [gradient]), g.ints([1, 2, 3])], { keepdims: 1 });
  const unit = g.op("Div", [gradient, g.op("Max", [peak, g.scalar(SMALLEST)])]);
  const direction = g.op("Div", [unit, norm(unit)]);
  const moved = g.op("Add", [image, g.op("Mul", [direction, stepSize])]);
  const delta = g.op("Sub", [moved, original]);
  const factor = g.op("Min", [g.op("Div", [epsilon, norm(delta)]), g.scalar(1)]);
  const projected = g.op("Add", [original, g.op("Mul", [delta, factor])]);
  return g.op("Clip", [projected, g.scalar(0), g.scalar(1)]);
}

/** Logits and, with `attention`, the normalised maps of each tap, for pairing to compare with. */
export function forwardGraph(classifier: BoundClassifier, options: { attention?: boolean } = {}): Graph {
  const g = GraphBuilder.from(classifier.graph);
  g.output(g.value(classifier.logits), STEP.cleanLogits);
  if (options.attention === true) {
    classifier.taps.forEach((tap, j) =>
      g.output(attentionMap(g, tapActivation(g, tap)), STEP.cleanAttention(j)),
    );
  }
  return deadCode(g.build());
}
