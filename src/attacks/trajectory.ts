import { tensor } from "../tensor/index.js";
import type { AttackBatch, RunContext, ThreatModel } from "./attack.js";
import { projectInto } from "./ball.js";
import { padBatch } from "./harness.js";
import { checkInteger, checkPositive, checkThreat } from "./options.js";
import { pgdStepGraph, STEP } from "./pgd-step.js";
import { randomStart } from "./pgd.js";
import { aimFeed, ballFeeds, stepFeed, temperatureFeed } from "./step-feeds.js";
import type { Target } from "./target.js";

export interface TrajectoryOptions {
  /** Pixel units. */
  readonly stepSize: number;
  readonly randomStart: boolean;
  /** After how many steps the iterate is kept, ascending. */
  readonly captures: readonly number[];
}

/**
 * The iterates of one run of PGD after each of `captures` steps: adversarial images to be transferred to
 * other models, who are scored on the last iterate as it is. At a fixed step size the iterate after
 * k steps is that of a run of k steps, so one run serves a whole curve over steps.
 *
 * @returns for each capture the images `[batch.size, C, H, W]`, projected by the harness's own geometry.
 * @throws UsageError on options that cannot be.
 */
export async function pgdTrajectory(
  target: Target,
  batch: AttackBatch,
  threat: ThreatModel,
  options: TrajectoryOptions,
  context: RunContext,
): Promise<Float32Array[]> {
  checkThreat(threat);
  checkPositive("step size", options.stepSize);
  options.captures.forEach((steps, i) => checkInteger("steps", steps, (options.captures[i - 1] ?? 0) + 1));
  const padded = padBatch(batch, target);
  const input = { target, batch: padded, threat, context };
  const { imageShape, imageSize } = target;
  const feeds = {
    ...aimFeed(target, padded.labels),
    ...temperatureFeed(new Float64Array(target.batchSize).fill(1)),
    [STEP.stepSize]: stepFeed(options.stepSize),
    ...ballFeeds(input),
  };
  target.begin(padded.indices);
  let x = options.randomStart ? randomStart(input, 0) : padded.images;
  const kept: Float32Array[] = [];
  for (let step = 1; step <= (options.captures.at(-1) ?? 0); step++) {
    context.signal?.throwIfAborted();
    const outputs = await target.gradient(
      `pgd-${threat.norm}`,
      (classifier) => pgdStepGraph(classifier, { norm: threat.norm }),
      { ...feeds, [target.image]: tensor("float32", imageShape, x) },
    );
    x = outputs[STEP.next]!.data as Float32Array;
    if (!options.captures.includes(step)) continue;
    const images = x.slice(0, batch.size * imageSize);
    for (let i = 0; i < batch.size; i++) {
      projectInto(threat, batch.images, images, i * imageSize, imageSize);
    }
    kept.push(images);
  }
  return kept;
}
