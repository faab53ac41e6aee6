import { ask, type Asking } from "./asking.js";
import type { PlannedAttack, Subject } from "./attack.js";
import { ballAround } from "./ball.js";
import { STEP } from "./pgd-step.js";
import { argMax, crossEntropies } from "./scoring.js";
import { FORWARD } from "./target.js";

/** The harness's verdict on one image; an attack never reports its own success. */
export interface Verdict {
  /** `[C, H, W]`, projected and clipped by the harness. */
  readonly adversarial: Float32Array;
  readonly cleanPrediction: number;
  readonly adversarialPrediction: number;
  /** The prediction differs from the label (untargeted) or equals the target. */
  readonly success: boolean;
  /** In the threat model's norm, as measured by the harness. */
  readonly distance: number;
  /** Cross-entropy of the label, clean and adversarial, in nats. */
  readonly cleanLoss: number;
  readonly adversarialLoss: number;
  /** The candidate had a NaN or an infinity (the clean image replaces it), or the logits have a NaN. */
  readonly nonFinite: boolean;
}

/** Predicted class. */
export function* logitsOf(image: Float32Array): Asking<Float32Array> {
  return (yield* ask(FORWARD, { [STEP.image]: image }))[STEP.cleanLogits]!;
}

/**
 * Runs an attack on one image and judges the outcome: replaces a candidate that is not finite, projects it into the
 * ball, and scores the result itself.
 *
 * An image that is misclassified when clean is a success of every untargeted attack; if the attack's candidate is
 * classified correctly, the clean image replaces it.
 */
export function* judged(
  { attack, threat, options }: PlannedAttack,
  about: Omit<Subject, "threat" | "ball" | "cleanLogits">,
): Asking<Verdict> {
  const { image, label, target } = about;
  const ball = ballAround(threat, image, about.shape);
  const cleanLogits = yield* logitsOf(image);
  const candidate = yield* attack.run({ ...about, threat, ball, cleanLogits }, options as never);
  const isBroken = !candidate.every(Number.isFinite);
  const adversarial = ball.project(isBroken ? image.slice() : candidate.slice());
  const logits = yield* logitsOf(adversarial);
  const score = (of: Float32Array): { prediction: number; loss: number; reached: boolean } => {
    const prediction = argMax(of, 0, of.length);
    const loss = crossEntropies(of, Int32Array.of(label), 1, of.length)[0]!;
    return { prediction, loss, reached: target === undefined ? prediction !== label : prediction === target };
  };
  const clean = score(cleanLogits);
  const attacked = score(logits);
  const isCleanBetter = clean.reached && !attacked.reached;
  const [shown, said] = isCleanBetter ? [image.slice(), clean] : [adversarial, attacked];
  return {
    adversarial: shown,
    cleanPrediction: clean.prediction,
    adversarialPrediction: said.prediction,
    success: said.reached,
    distance: ball.distance(shown),
    cleanLoss: clean.loss,
    adversarialLoss: said.loss,
    nonFinite: isBroken || [cleanLogits, logits].some((each) => each.some(Number.isNaN)),
  };
}
