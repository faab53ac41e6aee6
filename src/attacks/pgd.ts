import type { Asking } from "./asking.js";
import { defineAttack, type Subject } from "./attack.js";
import { createBest, type Best } from "./best.js";
import { CARDS } from "./cards/index.js";
import { iterate } from "./iterate.js";
import { logitsOf } from "./judge.js";
import { movesOf, type PgdOptions } from "./pgd-moves.js";

/**
 * Projected gradient descent (Madry et al. 2018, arXiv:1706.06083, §2.1).
 *
 *   x ← Π( x + stepSize · steepest(∇ₓ L(x, y)) )
 *
 * With targets, L is descended towards the target class. Defaults: 40 steps of 2.5 ε / steps from a uniform random start.
 * With momentum, a step follows m ← μ m + ∇L / ‖∇L‖₁ (Dong et al. 2018, arXiv:1710.06081). In L1 it moves the hundredth of
 * the elements with the largest gradient, except those at their bound (Tramèr & Boneh 2019, arXiv:1904.13000, § 3).
 */
export const pgd = defineAttack(CARDS.pgd, descend);

/** Fast gradient sign method (Goodfellow et al. 2015, arXiv:1412.6572, §4): one step of size ε from the image itself. */
export const fgsm = defineAttack(CARDS.fgsm, descend);

function* descend(subject: Subject, options: PgdOptions): Asking<Float32Array> {
  const best = createBest(subject);
  for (let restart = 0; restart < options.restarts; restart++) {
    if (options.keep === "success" && best.succeeded) break;
    yield* ascend(subject, options, restart, best);
  }
  return best.image;
}

/** One run from one start; every iterate is offered to `best`. */
function* ascend(subject: Subject, options: PgdOptions, restart: number, best: Best): Asking<void> {
  const { image, ball, randomised } = subject;
  const { steps, keep } = options;
  const move = movesOf(subject, options);
  // A randomised classifier is judged by its average: one draw's success says little.
  const isOffered = keep !== "last" && !randomised;
  let done = false;
  function* step(x: Float32Array, k: number): Asking<Float32Array> {
    const { next, logits } = yield* move(x, k);
    if (isOffered) {
      best.offer(x, logits);
      done = keep === "success" && best.succeeded;
    }
    return next;
  }
  const start = options.randomStart ? ball.sample(subject.stream("pgd-start", restart)) : image;
  const last = yield* iterate(start, steps, step, () => done);
  if (!done) best.offer(last, yield* logitsOf(last));
}
