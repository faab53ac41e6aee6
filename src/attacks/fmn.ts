import type { Asking } from "./asking.js";
import { defineAttack, type Subject } from "./attack.js";
import { ballAround } from "./ball.js";
import { CARDS, GRAY_QUERIES } from "./cards/index.js";
import type { LossAt } from "./loss-gradient.js";
import { createNearest, dualNorm, leadAsker, type Nearest } from "./nearest.js";

/** Final values: of the step, as a share of the first, and of the radius change. */
const LAST_STEP = 0.01;
const LAST_CHANGE = 0.001;

/**
 * Fast Minimum-Norm attack (Pintor et al. 2021, arXiv:2102.12827, Algorithm 1): steps of length α along the gradient of the
 * lead of the other classes, each projected onto a ball whose radius is also searched for:
 *
 *   radius ← min( (1 − γ) radius, ‖δ*‖ )     at an adversarial image; δ* is the nearest one's
 *            (1 + γ) radius                  otherwise, once one was found
 *            ‖δ‖ + |lead| / ‖∇‖_dual         before: to the linearised boundary,
 *                                            but at least (1 + γ) radius
 *   δ ← Π( δ + α ∇ / ‖∇‖₂ ),  x₀ + δ in [0, 1]
 *
 * α and γ fall along a cosine. Two points are ours. Before the first success the radius always grows: the linearisation
 * ignores [0, 1], and where pixels are clipped the published rule can stop short of the boundary. At the end, if gray is
 * nearer than the image found, or if none was found, the way to gray is searched for the boundary. So a model with a useless
 * gradient cannot have a larger distance than that.
 */
export const fmn = defineAttack(
  CARDS.fmn,
  function* (subject, { steps, firstStep, radiusChange, draws, stop }) {
    const { image, ball, threat } = subject;
    const leadAt = leadAsker(subject, draws);
    // The step's length is in L2, whatever the ball.
    const { step } = ballAround({ norm: "l2", epsilon: 0 }, image);
    const farthest = ball.size(image.map((value) => Math.max(value, 1 - value)));
    const nearest = createNearest(subject, stop);
    let x = image;
    let radius = Infinity;
    for (let k = 0; k < steps; k++) {
      const { loss, gradient, logits } = yield* leadAt(x);
      const isAdversarial = nearest.offer(x, logits);
      if (nearest.isDone) break;
      const left = (1 + Math.cos((Math.PI * k) / steps)) / 2;
      const length = firstStep * (LAST_STEP + (1 - LAST_STEP) * left);
      const change = LAST_CHANGE + (radiusChange - LAST_CHANGE) * left;
      if (isAdversarial) radius = Math.min(radius * (1 - change), nearest.distance);
      else if (nearest.distance < Infinity) radius *= 1 + change;
      else {
        const boundary = ball.distance(x) + Math.abs(loss) / Math.max(dualNorm(ball, gradient), 1e-12);
        radius = radius === Infinity ? boundary : Math.max(boundary, radius * (1 + change));
      }
      radius = Math.min(radius, farthest);
      x = ballAround({ ...threat, epsilon: radius }, image).project(step(x, gradient, length));
    }
    if (!nearest.isDone) yield* towardsGray(subject, leadAt, nearest);
    return nearest.image;
  },
);

/** Bisects the way from the image to gray, if gray is nearer than the image found. */
function* towardsGray(
  { image, ball, threat }: Subject,
  leadAt: (x: Float32Array) => Asking<LossAt>,
  nearest: Nearest,
): Asking<void> {
  const gray = image.map(() => 0.5);
  let [low, high] = [0, ball.distance(gray)];
  if (high >= nearest.distance) return;
  let x: Float32Array = gray;
  for (let k = 0; k < GRAY_QUERIES; k++) {
    const { logits } = yield* leadAt(x);
    const isAdversarial = nearest.offer(x, logits);
    if (nearest.isDone || (k === 0 && !isAdversarial)) return;
    if (isAdversarial) high = ball.distance(x);
    else low = ball.distance(x);
    x = ballAround({ ...threat, epsilon: (low + high) / 2 }, image).project(gray.slice());
  }
}
