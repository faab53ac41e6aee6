/** How a run of PGD gets from one iterate to the next: by a graph that includes the step, or on the host along a gradient. */
import { ask, type Asking } from "./asking.js";
import type { Subject } from "./attack.js";
import type { CARDS, OptionsOf } from "./cards/index.js";
import { withinBox } from "./l1-ball.js";
import { lossAsker } from "./loss-gradient.js";
import { pgdQuestion, STEP } from "./pgd-step.js";
import { oneHot, spreadOf } from "./scoring.js";
import { ballNorm, type StepNorm } from "./threat.js";

export type PgdOptions = OptionsOf<typeof CARDS.pgd.options>;

/** The next iterate, and the logits `[K]` of x. */
export interface Moved {
  readonly next: Float32Array;
  readonly logits: Float32Array;
}

/** @param k number of the step, from 0. */
export type Move = (x: Float32Array, k: number) => Asking<Moved>;

/** The moves of one run, with their state. */
export function movesOf(subject: Subject, options: PgdOptions): Move {
  const norm = ballNorm(subject.threat.norm);
  const isInGraph = options.objective === "scaled-cross-entropy" || options.objective === "cross-entropy";
  if (norm === "l1" || options.momentum > 0 || !isInGraph) return byHost(subject, options);
  return byGraph(subject, norm, options);
}

function byGraph(subject: Subject, norm: StepNorm, options: PgdOptions): Move {
  const { label, target, ball, cleanLogits, randomised } = subject;
  const { stepSize } = options;
  const goal = target ?? label;
  const coldness = coldnessOf(subject, options);
  const draws = randomised ? options.draws : 1;
  const rows = {
    ...ball.rows,
    [STEP.oneHot]: oneHot(Int32Array.of(goal), cleanLogits.length),
    [STEP.stepSize]: Float32Array.of(target === undefined ? stepSize : -stepSize),
  };
  return function* (x, k) {
    const at = { ...rows, [STEP.image]: x, [STEP.inverseTemperature]: Float32Array.of(coldness(k)) };
    let answer = yield* ask(pgdQuestion(norm, { sums: draws > 1 }), {
      ...at,
      ...(draws > 1 && { [STEP.otherGradients]: new Float32Array(x.length) }),
    });
    // Only the gradient's direction counts, so the sum over draws can replace the mean.
    for (let draw = 1; draw < draws; draw++) {
      const sum = { [STEP.otherGradients]: answer[STEP.gradients]! };
      answer = yield* ask(pgdQuestion(norm, { sums: true }), { ...at, ...sum });
    }
    return { next: answer[STEP.next]!, logits: answer[STEP.logits]! };
  };
}

function byHost(subject: Subject, options: PgdOptions): Move {
  const { ball, target, threat } = subject;
  const { stepSize, momentum, objective, draws } = options;
  const lossAt = lossAsker(subject, objective, { target, draws });
  const coldness = coldnessOf(subject, options);
  let before: Float32Array | undefined;
  return function* (x, k) {
    const { gradient, logits } = yield* lossAt(x, coldness(k));
    if (momentum > 0) before = accumulated(before, gradient, momentum);
    const along = before ?? gradient;
    const next = ball.step(x, threat.norm === "l1" ? withinBox(x, along) : along, stepSize);
    return { next: ball.project(next), logits };
  };
}

/** m ← μ m + g / ‖g‖₁ */
function accumulated(
  before: Float32Array | undefined,
  gradient: Float32Array,
  momentum: number,
): Float32Array {
  let length = 0;
  for (const value of gradient) length += Math.abs(value);
  const scale = length === 0 ? 0 : 1 / length;
  return gradient.map((value, i) => momentum * (before?.[i] ?? 0) + value * scale);
}

/** 1 / T of a step: for the scaled loss T falls from the spread of the logits; otherwise 1. */
function coldnessOf(
  { label, target, cleanLogits }: Subject,
  { steps, objective }: PgdOptions,
): (k: number) => number {
  if (objective !== "scaled-cross-entropy") return () => 1;
  const spread = spreadOf(cleanLogits, target ?? label);
  return (k) => 1 / (spread * sharpening(k, steps));
}

/** Temperature of a step, in spreads of the logits: from 1 to 1/100 in equal ratios; 1/10 for a single step. */
function sharpening(step: number, steps: number): number {
  return 100 ** -(steps === 1 ? 0.5 : step / (steps - 1));
}
