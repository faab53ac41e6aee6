import { appendGradients } from "../autodiff/index.js";
import { deadCode, GraphBuilder, type Graph, type Value } from "../graph/index.js";
import {
  differenceOfLogitsRatio,
  labelLogOdds,
  margin,
  probabilityMargin,
  targetedDifferenceOfLogitsRatio,
  targetedMargin,
} from "../losses/index.js";
import type { BoundClassifier } from "../models/index.js";
import { ask, type Answer, type Asking, type Query, type Question } from "./asking.js";
import type { Subject } from "./attack.js";
import { lossFor, type PgdObjective } from "./cards/index.js";
import { STEP } from "./pgd-step.js";
import { oneHot } from "./scoring.js";

/** Names in addition to those of {@link STEP}. */
export const LOSS = {
  /** One-hot target class, `[N, K]`. */
  target: "target",
  /** L at x, `[N]`. */
  loss: "loss",
  /** ∂L/∂x, `[N, C, H, W]`. */
  gradient: "gradient",
} as const;

type Make = (g: GraphBuilder, logits: Value, label: Value, target: Value) => Value;

/**
 * The log-odds have cross-entropy's direction, rise with it, and keep their length where float32 rounds its gradient to 0.
 */
const logOdds: Make = (g, logits, label) =>
  labelLogOdds(g, logits, label, g.op("Expand", [g.scalar(1), g.ints([logits.shape[0]!, 1])]));

/** The same at a temperature that each question gives: see {@link lossAsker}. */
const temperedLogOdds: Make = (g, logits, label) =>
  labelLogOdds(g, logits, label, g.input(STEP.inverseTemperature, "float32", [logits.shape[0]!, 1]));

const UNTARGETED: Readonly<Record<PgdObjective, Make>> = {
  "scaled-cross-entropy": temperedLogOdds,
  "cross-entropy": logOdds,
  dlr: differenceOfLogitsRatio,
  margin,
  "probability-margin": probabilityMargin,
};

const TARGETED: Readonly<Record<PgdObjective, Make>> = {
  "scaled-cross-entropy": (g, logits, _label, target) =>
    g.op("Neg", [temperedLogOdds(g, logits, target, target)]),
  "cross-entropy": (g, logits, _label, target) => g.op("Neg", [logOdds(g, logits, target, target)]),
  dlr: targetedDifferenceOfLogitsRatio,
  margin: targetedMargin,
  "probability-margin": (g, logits, label, target) =>
    targetedMargin(g, g.op("Softmax", [logits], { axis: 1 }), label, target),
};

/** The gradient of a loss plus what `beside` adds to it. */
export function lossGradientGraph(
  { graph, image, logits }: BoundClassifier,
  loss: PgdObjective,
  isTargeted: boolean,
  beside: (g: GraphBuilder, raised: Value) => Value = (_g, raised) => raised,
): Graph {
  const g = GraphBuilder.from(graph);
  const z = g.value(logits);
  const label = g.input(STEP.oneHot, "float32", z.shape);
  const target = isTargeted ? g.input(LOSS.target, "float32", z.shape) : label;
  const raised = beside(g, (isTargeted ? TARGETED : UNTARGETED)[loss](g, z, label, target));
  const total = g.op("ReduceSum", [raised], { keepdims: 0 });
  const [gradient] = appendGradients(g, { of: total, withRespectTo: [g.value(image)] });
  g.output(gradient!, LOSS.gradient);
  g.output(
    g.op("ReduceMax", [g.op("Abs", [gradient!]), g.ints([1, 2, 3])], { keepdims: 0 }),
    STEP.gradientPeak,
  );
  g.output(raised, LOSS.loss);
  g.output(z, STEP.logits);
  return deadCode(g.build());
}

const questions = new Map<string, Question>();

function questionOf(loss: PgdObjective, isTargeted: boolean): Question {
  const key = `gradient-${loss}${isTargeted ? "-targeted" : ""}`;
  let found = questions.get(key);
  if (found === undefined) {
    found = { key, kind: "gradient", build: (bound) => lossGradientGraph(bound, loss, isTargeted) };
    questions.set(key, found);
  }
  return found;
}

/** A loss at one image. */
export interface LossAt {
  readonly loss: number;
  readonly gradient: Float32Array;
  readonly logits: Float32Array;
}

/**
 * Asks for a loss of one image's label, or of the way from it to `target`, and its gradient; for a randomised model the
 * mean over `draws`. The scaled cross-entropy takes 1 / T with each question.
 */
export function lossAsker(
  { label, cleanLogits, randomised }: Subject,
  given: PgdObjective,
  { target, draws = 1 }: { readonly target?: number | undefined; readonly draws?: number } = {},
): (x: Float32Array, inverseTemperature?: number) => Asking<LossAt> {
  const isTargeted = target !== undefined;
  const loss = lossFor(given, cleanLogits.length, isTargeted);
  const rows = classRows({ label, cleanLogits }, target);
  const askAt = askerOf(questionOf(loss, isTargeted), randomised ? draws : 1);
  if (loss !== "scaled-cross-entropy") return (x) => askAt(x, rows);
  return (x, inverseTemperature = 1) =>
    askAt(x, { ...rows, [STEP.inverseTemperature]: Float32Array.of(inverseTemperature) });
}

/** The one-hot label of an image, and the one-hot target class. */
export function classRows(
  { label, cleanLogits }: Pick<Subject, "label" | "cleanLogits">,
  target: number | undefined,
): Query["rows"] {
  const hot = (of: number): Float32Array => oneHot(Int32Array.of(of), cleanLogits.length);
  return { [STEP.oneHot]: hot(label), ...(target !== undefined && { [LOSS.target]: hot(target) }) };
}

/** Asks a question of {@link lossGradientGraph} this many times and returns the mean. */
export function askerOf(
  question: Question,
  times: number,
): (x: Float32Array, rows: Query["rows"]) => Asking<LossAt> {
  return function* (x, rows) {
    const at = { ...rows, [STEP.image]: x };
    const answers: Answer[] = [];
    for (let draw = 0; draw < times; draw++) answers.push(yield* ask(question, at));
    return {
      loss: meanOf(answers, LOSS.loss)[0]!,
      gradient: meanOf(answers, LOSS.gradient),
      logits: meanOf(answers, STEP.logits),
    };
  };
}

function meanOf(answers: readonly Answer[], name: string): Float32Array {
  if (answers.length === 1) return answers[0]![name]!;
  const mean = new Float32Array(answers[0]![name]!.length);
  for (const answer of answers) {
    const values = answer[name]!;
    for (let i = 0; i < mean.length; i++) mean[i]! += values[i]! / answers.length;
  }
  return mean;
}

/** At most `count` classes other than the label, ordered by their clean logits, largest first. */
export function likelyTargets({ label, cleanLogits }: Subject, count: number): number[] {
  return Array.from(cleanLogits.keys())
    .filter((k) => k !== label)
    .sort((a, b) => cleanLogits[b]! - cleanLogits[a]! || a - b)
    .slice(0, count);
}
