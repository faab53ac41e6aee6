import { ask, type Asking } from "./asking.js";
import { defineAttack, type Subject } from "./attack.js";
import { createBest, type Best } from "./best.js";
import { CARDS } from "./cards/index.js";
import { iterate } from "./iterate.js";
import { logitsOf } from "./judge.js";
import type { OptionsOf } from "./cards/index.js";
import { pgdQuestion, STEP } from "./pgd-step.js";
import { oneHot, spreadOf } from "./scoring.js";

export type PgdOptions = OptionsOf<typeof CARDS.pgd.options>;

/**
 * Projected gradient descent (Madry et al. 2018, arXiv:1706.06083, §2.1).
 *
 *   x ← Π( x + stepSize · steepest(∇ₓ L(x, y)) )
 *
 * With targets, L is descended towards the target class. Defaults: 40 steps of 2.5 ε / steps from a uniform random start.
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
  const { image, label, target, threat, ball, cleanLogits, randomised } = subject;
  const { steps, stepSize, keep } = options;
  const scaled = options.objective !== "cross-entropy";
  const goal = target ?? label;
  const spread = scaled ? spreadOf(cleanLogits, goal) : 1;
  const draws = randomised ? options.draws : 1;
  const rows = {
    ...ball.rows,
    [STEP.oneHot]: oneHot(Int32Array.of(goal), cleanLogits.length),
    [STEP.stepSize]: Float32Array.of(target === undefined ? stepSize : -stepSize),
  };
  // A randomised classifier is judged by its average: one draw's success says little.
  const isOffered = keep !== "last" && !randomised;
  let done = false;
  function* step(x: Float32Array, k: number): Asking<Float32Array> {
    const temperature = scaled ? spread * sharpening(k, steps) : spread;
    const at = { ...rows, [STEP.image]: x, [STEP.inverseTemperature]: Float32Array.of(1 / temperature) };
    let answer = yield* ask(pgdQuestion(threat.norm, { sums: draws > 1 }), {
      ...at,
      ...(draws > 1 && { [STEP.otherGradients]: new Float32Array(x.length) }),
    });
    // Only the gradient's direction counts, so the sum over draws stands for the mean.
    for (let draw = 1; draw < draws; draw++) {
      const sum = { [STEP.otherGradients]: answer[STEP.gradients]! };
      answer = yield* ask(pgdQuestion(threat.norm, { sums: true }), { ...at, ...sum });
    }
    if (isOffered) {
      best.offer(x, answer[STEP.logits]!);
      done = keep === "success" && best.succeeded;
    }
    return answer[STEP.next]!;
  }
  const start = options.randomStart ? ball.sample(subject.stream("pgd-start", restart)) : image;
  const last = yield* iterate(start, steps, step, () => done);
  if (!done) best.offer(last, yield* logitsOf(last));
}

/** Temperature of a step in spreads of the logits: from 1 to 1/100 in equal ratios; 1/10 of a single step. */
function sharpening(step: number, steps: number): number {
  return 100 ** -(steps === 1 ? 0.5 : step / (steps - 1));
}
