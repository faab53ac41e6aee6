import type { RandomStream } from "../tensor/index.js";
import { defineAttack, type Subject } from "./attack.js";
import { createBest } from "./best.js";
import { boxAround, boxThreat } from "./box.js";
import { CARDS, type OptionsOf } from "./cards/index.js";
import { climbSteadily, isDone } from "./climb.js";
import { lossAsker } from "./loss-gradient.js";
import { inSquare, sideOf, squareAt, type Square } from "./patch-ball.js";

/**
 * An adversarial patch made for one image (Brown et al. 2017, arXiv:1712.09665; Karmon et al. 2018, arXiv:1801.02608): APGD
 * in a box that is [0, 1] in a square and the clean image elsewhere. Each start draws new pixels and, if the place is
 * random, a new place. The patch is pasted unchanged, without scaling or rotation.
 *
 * ε is the share of the image that the square covers.
 */
export const patch = defineAttack(
  CARDS.patch,
  function* (subject, { restarts, location, draws, ...options }) {
    const { image, target, threat, randomised, shape } = subject;
    const side = sideOf(threat.epsilon, shape);
    const best = createBest(subject);
    if (side === 0) return image;
    const ask = lossAsker(subject, options.loss, { target, draws });
    for (let restart = 0; restart < restarts && !isDone(best, subject); restart++) {
      const source = subject.stream("patch", restart);
      const ball = boxWithin(subject, placed(location, side, subject, source));
      const climbed = { ball, threat: boxThreat, randomised };
      yield* climbSteadily(climbed, ask, options, ball.sample(source), best);
    }
    return best.image;
  },
);

type Location = OptionsOf<typeof CARDS.patch.options>["location"];

function placed(location: Location, side: number, { shape }: Subject, source: RandomStream): Square {
  const [, height, width] = shape;
  if (location === "random") return squareAt(source, side, shape);
  if (location === "corner") return { top: 0, left: 0, side };
  return { top: Math.floor((height - side) / 2), left: Math.floor((width - side) / 2), side };
}

function boxWithin({ image, shape }: Subject, square: Square): ReturnType<typeof boxAround> {
  const [lower, upper] = [image.slice(), image.slice()];
  inSquare(square, shape, (at) => ([lower[at], upper[at]] = [0, 1]));
  return boxAround(lower, upper);
}
