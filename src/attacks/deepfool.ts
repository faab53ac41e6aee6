import { defineAttack } from "./attack.js";
import { CARDS } from "./cards/index.js";
import { likelyTargets, lossAsker } from "./loss-gradient.js";
import { dualNorm, isReached, leadAsker } from "./nearest.js";

/** Added to each distance, as in the authors' code, because a boundary that is only reached is not yet crossed. */
const BEYOND = 1e-4;

/**
 * DeepFool (Moosavi-Dezfooli et al. 2016, arXiv:1511.04599, Algorithm 2; § 3.4 for L∞): a step to
 * the nearest linearised boundary among the most likely classes, and a little past it:
 *
 *   l = argmin_k |z_k − z_y| / ‖w_k‖_dual,   w_k = ∇ₓ (z_k − z_y)
 *   x ← clip_{[0,1]}( x + η ( |z_l − z_y| / ‖w_l‖_dual + 10⁻⁴ ) s(w_l) )     s: the sign in L∞, w / ‖w‖₂ in L2
 *
 * It stops at the first adversarial image. Towards a target there is one boundary, that of z_t − max_{k≠t} z_k.
 */
export const deepfool = defineAttack(
  CARDS.deepfool,
  function* (subject, { steps, targets, overshoot, draws }) {
    const { image, ball, target } = subject;
    const ways =
      target === undefined
        ? likelyTargets(subject, targets).map((aim) => lossAsker(subject, "margin", { target: aim, draws }))
        : [leadAsker(subject, draws)];
    let x = image;
    for (let k = 0; k < steps; k++) {
      let [length, along] = [Infinity, image];
      for (const [i, wayAt] of ways.entries()) {
        const { loss, gradient, logits } = yield* wayAt(x);
        if (i === 0 && isReached(subject, logits)) return x;
        const far = Math.abs(loss) / Math.max(dualNorm(ball, gradient), 1e-6) + BEYOND;
        if (far < length) [length, along] = [far, gradient];
      }
      x = ball.step(x, along, overshoot * length).map((value) => Math.min(1, Math.max(0, value)));
    }
    return x;
  },
);
