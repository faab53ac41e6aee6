import { defineAttack, type Subject } from "./attack.js";
import { createBest } from "./best.js";
import { CARDS } from "./cards/index.js";
import { climb, isDone } from "./climb.js";
import { likelyTargets, lossAsker } from "./loss-gradient.js";
import { patternOf } from "./square.js";

/**
 * Auto-PGD (Croce & Hein 2020, arXiv:2003.01690, Algorithm 1): momentum, and a step that is halved if the loss rose in
 * less than `rho` of the steps since the last check, or not at all since a check that did not halve. It then restarts
 * from the best point. In L1 it takes the sparse steps of `climb-sparsely.ts`.
 */
export const apgd = defineAttack(CARDS.apgd, function* (subject, { restarts, draws, ...options }) {
  const best = createBest(subject);
  for (let restart = 0; restart < restarts && !isDone(best, subject); restart++) {
    const ask = lossAsker(subject, options.loss, { target: subject.target, draws });
    const source = subject.stream("apgd-start", restart);
    const isNoise = options.start === "edge";
    const start = {
      in: (around: Subject) => (isNoise ? around.ball.edge(source) : patternOf(around, source)),
      isNoise,
    };
    yield* climb(subject, ask, options, start, best);
  }
  return best.image;
});

/** The same towards each of the classes with the highest clean logits, or towards a given target. */
export const targetedApgd = defineAttack(
  CARDS["apgd-t"],
  function* (subject, { restarts, draws, targets, ...options }) {
    const best = createBest(subject);
    const aims = subject.target === undefined ? likelyTargets(subject, targets) : [subject.target];
    for (const [i, target] of aims.entries()) {
      for (let restart = 0; restart < restarts && !isDone(best, subject); restart++) {
        const ask = lossAsker(subject, options.loss, { target, draws });
        const source = subject.stream("apgd-start", i * restarts + restart);
        const start = { in: ({ ball }: Subject) => ball.edge(source), isNoise: true };
        yield* climb(subject, ask, options, start, best);
      }
    }
    return best.image;
  },
);
