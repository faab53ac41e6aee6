import type { Asking } from "./asking.js";
import { defineAttack } from "./attack.js";
import { CARDS, type OptionsOf } from "./cards/index.js";
import type { LossAt } from "./loss-gradient.js";
import { createNearest, leadAsker, type Nearest } from "./nearest.js";

type Options = OptionsOf<typeof CARDS.cw.options>;

/** Keeps tanh⁻¹ finite for black and white pixels. */
const ALMOST = 1 - 1e-6;
/** A run stops if a tenth of its steps did not lower the objective by this share. */
const PROGRESS = 1e-4;
const CHECKS = 10;
/** Adam's first step is at most this share of the estimated way to the nearest adversarial image. */
const FIRST_STEP = 0.1;
/** The least share of the learning rate; the estimate may be far too short. */
const LEAST_RATE = 0.1;
/** Adam's, as published. */
const [BETA_1, BETA_2, TINY] = [0.9, 0.999, 1e-8];

/**
 * Carlini & Wagner's attack in L2 (2017, arXiv:1608.04644, § V and § VI.A), with f₆ and κ = 0:
 *
 *   min_w ‖x − x₀‖₂² + c · max( −lead(x), 0 ),   x = ½ (tanh w + 1)
 *
 * by Adam from the image itself, for several c: tenfold until one succeeds, then by bisection between the largest that
 * failed and the smallest that succeeded. Returns the nearest adversarial image of all runs.
 *
 * Adam's first step moves every value of w by the learning rate, whatever the gradient. On large images this alone may be several times
 * as far as the nearest adversarial image. Where it is more than a tenth of the linear estimate |lead| / ‖∇lead‖₂, the rate is lowered
 * to that, to a tenth at least. The authors' code keeps its rate.
 */
export const cw = defineAttack(CARDS.cw, function* (subject, options) {
  const nearest = createNearest(subject, options.stop);
  const leadAt = leadAsker(subject, options.draws);
  let [weight, failed, succeeded] = [options.firstWeight, 0, Infinity];
  for (let search = 0; search < options.searches && !nearest.isDone; search++) {
    const found = yield* descend(subject.image, leadAt, weight, options, nearest);
    if (found) succeeded = weight;
    else failed = weight;
    weight = succeeded === Infinity ? 10 * weight : (failed + succeeded) / 2;
  }
  return nearest.image;
});

/** One run of Adam. Returns whether it found an adversarial image. */
function* descend(
  image: Float32Array,
  leadAt: (x: Float32Array) => Asking<LossAt>,
  weight: number,
  { steps, learningRate }: Pick<Options, "steps" | "learningRate">,
  nearest: Nearest,
): Asking<boolean> {
  const w = Float64Array.from(image, (value) => Math.atanh((2 * value - 1) * ALMOST));
  const mean = new Float64Array(w.length);
  const square = new Float64Array(w.length);
  const checked = Math.ceil(steps / CHECKS);
  let [before, found, rate] = [Infinity, false, learningRate];
  for (let k = 0; k < steps; k++) {
    const bounded = w.map(Math.tanh);
    const x = Float32Array.from(bounded, (value) => (value + 1) / 2);
    const { loss: lead, gradient, logits } = yield* leadAt(x);
    found = nearest.offer(x, logits) || found;
    if (nearest.isDone) return found;
    if (k === 0) rate = learningRate * shareOfRate(bounded, lead, gradient, learningRate);
    if (k % checked === 0) {
      const total = squaredDistance(x, image) + weight * Math.max(-lead, 0);
      if (total > before * (1 - PROGRESS)) return found;
      before = total;
    }
    const pull = lead < 0 ? weight : 0;
    const [unbiased1, unbiased2] = [1 - BETA_1 ** (k + 1), 1 - BETA_2 ** (k + 1)];
    for (let i = 0; i < w.length; i++) {
      const slope = (1 - bounded[i]! ** 2) / 2;
      const g = slope * (2 * (x[i]! - image[i]!) - pull * gradient[i]!);
      mean[i] = BETA_1 * mean[i]! + (1 - BETA_1) * g;
      square[i] = BETA_2 * square[i]! + (1 - BETA_2) * g * g;
      w[i]! -= (rate * mean[i]!) / unbiased1 / (Math.sqrt(square[i]! / unbiased2) + TINY);
    }
  }
  return found;
}

/** The share of the learning rate that a run takes, by its first gradient; `bounded` is tanh w. */
function shareOfRate(
  bounded: Float64Array,
  lead: number,
  gradient: Float32Array,
  learningRate: number,
): number {
  let [steepness, first] = [0, 0];
  for (let i = 0; i < gradient.length; i++) {
    steepness += gradient[i]! ** 2;
    if (gradient[i] !== 0) first += ((1 - bounded[i]! ** 2) / 2) ** 2;
  }
  const share = (FIRST_STEP * Math.abs(lead)) / (learningRate * Math.sqrt(steepness * first));
  // Not a number where there is no gradient.
  return share < 1 ? Math.max(share, LEAST_RATE) : 1;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}
