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
/** Adam's, as published. */
const [BETA_1, BETA_2, TINY] = [0.9, 0.999, 1e-8];

/**
 * Carlini & Wagner's attack in L2 (2017, arXiv:1608.04644, § V and § VI.A), with f₆ and κ = 0:
 *
 *   min_w ‖x − x₀‖₂² + c · max( −lead(x), 0 ),   x = ½ (tanh w + 1)
 *
 * by Adam from the image itself, for several c: tenfold until one succeeds, then by bisection between the largest that
 * failed and the smallest that succeeded. Returns the nearest adversarial image of all runs.
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
  let [before, found] = [Infinity, false];
  for (let k = 0; k < steps; k++) {
    const bounded = w.map(Math.tanh);
    const x = Float32Array.from(bounded, (value) => (value + 1) / 2);
    const { loss: lead, gradient, logits } = yield* leadAt(x);
    found = nearest.offer(x, logits) || found;
    if (nearest.isDone) return found;
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
      w[i]! -= (learningRate * mean[i]!) / unbiased1 / (Math.sqrt(square[i]! / unbiased2) + TINY);
    }
  }
  return found;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}
