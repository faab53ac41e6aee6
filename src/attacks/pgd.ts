import type { Feeds } from "../runtime/index.js";
import { tensor, type Tensor } from "../tensor/index.js";
import { defineAttack, type Attack, type AttackInput, type Norm } from "./attack.js";
import { sampleFrom } from "./ball.js";
import { createBest, type Best } from "./best.js";
import { checkInteger, checkPositive, checkThreat } from "./options.js";
import { pgdStepGraph, STEP } from "./pgd-step.js";
import { spreadsOf } from "./scoring.js";
import { aimFeed, ballFeeds, stepFeed, temperatureFeed } from "./step-feeds.js";
import type { Target } from "./target.js";

export const PGD_OBJECTIVES = ["scaled-cross-entropy", "cross-entropy"] as const;
export type PgdObjective = (typeof PGD_OBJECTIVES)[number];

export type PgdOptions = {
  readonly steps: number;
  /** Pixel units. */
  readonly stepSize: number;
  readonly randomStart: boolean;
  /** Independent runs, of which the best point is kept. */
  readonly restarts: number;
  /**
   * `best`: the best iterate seen (success first, then the greatest loss); `last`: the last; `success`: as
   * `best`, but the run ends as soon as every image of the batch has succeeded: the same images succeed, for
   * fewer queries. A randomised classifier is attacked to the last step whatever is kept.
   */
  readonly keep: "best" | "last" | "success";
  /**
   * Draws of a randomised classifier that the gradient of each step is averaged over (expectation over
   * transformation, Athalye et al. 2018, arXiv:1707.07397); of no effect on others.
   */
  readonly draws: number;
  /**
   * What is raised (lowered towards a target). `cross-entropy`: along its exact gradient, also where float32 would
   * round that to 0. `scaled-cross-entropy`: that of the logits over a temperature that falls from their own spread
   * ({@link spreadsOf}) to a hundredth of it, from all rivals to the nearest one. The answer is the same whatever the
   * scale of the logits.
   */
  readonly objective: PgdObjective;
};

const DEFAULT_STEPS = 40;

/**
 * Projected gradient descent (Madry et al. 2018, arXiv:1706.06083, §2.1).
 *
 *   x ← Π( x + stepSize · steepest(∇ₓ L(x, y)) )
 *
 * With targets, L is descended towards the target class. Defaults: 40 steps of
 * 2.5 ε / steps from a uniform random start. An image's random draws depend on the seed,
 * its index and the restart only, never on its batch.
 */
export const pgd: Attack<PgdOptions> = defineAttack<PgdOptions>({
  name: "pgd",
  access: "gradient",
  norms: ["linf", "l2"],
  resolve(threat, given) {
    checkThreat(threat);
    const steps = checkInteger("steps", given.steps ?? DEFAULT_STEPS, 1);
    const stepSize = given.stepSize ?? (threat.epsilon === 0 ? 1 / 255 : (2.5 * threat.epsilon) / steps);
    return {
      steps,
      stepSize: checkPositive("step size", stepSize),
      randomStart: given.randomStart ?? true,
      restarts: checkInteger("restarts", given.restarts ?? 1, 1),
      keep: given.keep ?? "best",
      draws: checkInteger("draws", given.draws ?? 1, 1),
      objective: given.objective ?? PGD_OBJECTIVES[0],
    };
  },
  async run(input, options) {
    const best = createBest(input);
    for (let restart = 0; restart < options.restarts; restart++) {
      if (options.keep === "success" && best.complete()) break;
      await descend(input, options, restart, best);
    }
    return best.images;
  },
});

/**
 * Fast gradient sign method (Goodfellow et al. 2015, arXiv:1412.6572, §4): one step of
 * size ε from the image itself.
 */
export const fgsm: Attack<PgdOptions> = defineAttack<PgdOptions>({
  ...pgd,
  name: "fgsm",
  resolve: (threat, given) => {
    checkThreat(threat);
    return {
      steps: 1,
      stepSize: threat.epsilon === 0 ? 1 / 255 : threat.epsilon,
      randomStart: false,
      restarts: 1,
      keep: "last",
      draws: 1,
      objective: given.objective ?? PGD_OBJECTIVES[0],
    };
  },
});

/** One run from one start; every iterate is offered to `best`. */
async function descend(input: AttackInput, options: PgdOptions, restart: number, best: Best): Promise<void> {
  const { target, batch, threat, context } = input;
  const { imageShape, classCount, batchSize } = target;
  const goal = batch.targets ?? batch.labels;
  const scaled = options.objective !== "cross-entropy";
  const spreads = scaled
    ? spreadsOf(input.cleanLogits, goal, classCount)
    : new Float64Array(batchSize).fill(1);
  const constant = {
    ...aimFeed(target, goal),
    [STEP.stepSize]: stepFeed(batch.targets === undefined ? options.stepSize : -options.stepSize),
    ...ballFeeds(input),
  };
  let x = options.randomStart ? randomStart(input, restart) : batch.images;
  for (let step = 0; step < options.steps; step++) {
    context.signal?.throwIfAborted();
    const temperatures = scaled ? spreads.map((spread) => spread * sharpening(step, options.steps)) : spreads;
    const feeds = {
      [target.image]: tensor("float32", imageShape, x),
      ...constant,
      ...temperatureFeed(temperatures),
    };
    const outputs = await ascend(target, threat.norm, feeds, target.randomised ? options.draws : 1);
    // A randomised classifier is judged by its average: one draw's success says little.
    if (options.keep !== "last" && !target.randomised) {
      best.offer(x, outputs[STEP.logits]!.data as Float32Array);
      if (options.keep === "success" && best.complete()) return;
    }
    x = outputs[STEP.next]!.data as Float32Array;
  }
  best.offer(x, await target.logits(x));
}

/** Temperature of a step in spreads of the logits: from 1 to 1/100 in equal ratios; 1/10 of a single step. */
function sharpening(step: number, steps: number): number {
  return 100 ** -(steps === 1 ? 0.5 : step / (steps - 1));
}

/**
 * One step along the gradient, averaged over draws. Only the gradient's direction counts, so the sum stands for
 * the mean.
 */
async function ascend(
  target: Target,
  norm: Norm,
  feeds: Feeds,
  draws: number,
): Promise<Record<string, Tensor>> {
  if (draws === 1) {
    return target.gradient(`pgd-${norm}`, (classifier) => pgdStepGraph(classifier, { norm }), feeds);
  }
  let sum: Tensor = tensor("float32", target.imageShape, new Float32Array(feeds[target.image]!.data.length));
  for (let draw = 1; ; draw++) {
    const outputs = await target.gradient(
      `pgd-${norm}-sums`,
      (classifier) => pgdStepGraph(classifier, { norm, sums: true }),
      { ...feeds, [STEP.otherGradients]: sum },
    );
    if (draw === draws) return outputs;
    sum = outputs[STEP.gradients]!;
  }
}

/** A random point of each image's ball: a function of the seed, the image's place and the restart. */
export function randomStart(
  { target, batch, threat, context }: Pick<AttackInput, "target" | "batch" | "threat" | "context">,
  restart: number,
): Float32Array {
  const { imageSize, batchSize } = target;
  const x = new Float32Array(batch.images.length);
  for (let i = 0; i < batchSize; i++) {
    sampleFrom(
      threat,
      context.random,
      "pgd-start",
      batch.indices[i]!,
      restart,
      batch.images,
      x,
      i * imageSize,
      imageSize,
    );
  }
  return x;
}
