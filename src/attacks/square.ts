import type { RandomStream } from "../tensor/index.js";
import type { Asking } from "./asking.js";
import { climb, isDone } from "./climb.js";
import { defineAttack, type Subject } from "./attack.js";
import { createBest } from "./best.js";
import { lossAsker } from "./loss-gradient.js";
import { CARDS, type OptionsOf } from "./cards/index.js";
import { logitsOf } from "./judge.js";
import { marginOf } from "./scoring.js";
import { ballNorm } from "./threat.js";
import { initialTiles, tiltedPatch, type PeakNorm } from "./square-peaks.js";

type Options = OptionsOf<typeof CARDS.square.options>;

/** Numbers of queries after which the patch's share of the image is divided by 2, 4, 8, … */
const SHRINKS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000] as const;

/**
 * Square attack (Andriushchenko et al. 2020, arXiv:1912.00049): random search with single-colour patches (L∞), or with pairs of
 * patches that pass on their part of the perturbation (L2, L1). It keeps what lowers the margin of the label, and needs
 * only logits.
 */
export const square = defineAttack(CARDS.square, function* (subject, options) {
  return (yield* searched(subject, options)).image;
});

/**
 * Square attack for a few queries, then APGD from the best image it found: random search escapes from places where the
 * gradient leads nowhere, and the gradient covers the last stretch in a few steps.
 */
export const squareThenApgd = defineAttack(CARDS["square-apgd"], function* (subject, options) {
  const best = createBest(subject);
  const found = yield* searched(subject, options);
  best.offer(found.image, found.logits);
  // Images that the search alone breaks cost no gradient; the gates count them as found without one.
  if (isDone(best, subject)) return best.image;
  const lossAt = lossAsker(subject, options.loss, { target: subject.target, draws: options.draws });
  const start = { in: () => found.image, isNoise: false };
  yield* climb(subject, lossAt, options, start, best);
  return best.image;
});

/** Square's random start: vertical stripes of ±ε in L∞, a grid of peaks in L2 and L1. */
export function patternOf(subject: Subject, source: RandomStream): Float32Array {
  return searchOf(subject, source).start();
}

function searchOf(subject: Subject, source: RandomStream): Search {
  const norm = ballNorm(subject.threat.norm);
  return norm === "linf" ? stripes(subject, source) : tiles(subject, norm, source);
}

/** An image, its logits, and its distance from the goal, which is reached at 0 or below. */
interface Found {
  readonly image: Float32Array;
  readonly logits: Float32Array;
  readonly lead: number;
}

function* searched(subject: Subject, options: Options): Asking<Found> {
  const { target, label } = subject;
  const search = searchOf(subject, subject.stream("square"));
  const look = function* (image: Float32Array): Asking<Found> {
    const logits = yield* logitsOf(image);
    const margin = marginOf(logits, 0, logits.length, target ?? label);
    return { image, logits, lead: target === undefined ? -margin : margin };
  };
  let best = yield* look(search.start());
  for (let query = 1; query < options.queries && best.lead > 0; query++) {
    const candidate = yield* look(search.move(best.image, shareAt(query - 1, options)));
    if (candidate.lead < best.lead || candidate.lead <= 0) best = candidate;
  }
  return best;
}

function shareAt(query: number, { patch }: Options): number {
  return patch / 2 ** SHRINKS.filter((after) => query > after).length;
}

/** The start and the moves of a search in one norm. */
interface Search {
  start(): Float32Array;
  /** @param share the share of the image that a patch covers. */
  move(x: Float32Array, share: number): Float32Array;
}

const signOf = (source: RandomStream): number => (source.uniform() < 0.5 ? -1 : 1);

function stripes({ image, ball, shape, threat: { epsilon } }: Subject, source: RandomStream): Search {
  const [channels, height, width] = shape;
  return {
    start() {
      const signs = Array.from({ length: channels * width }, () => signOf(source));
      return ball.project(
        image.map(
          (value, i) => value + epsilon * signs[Math.floor(i / (height * width)) * width + (i % width)]!,
        ),
      );
    },
    move(x, share) {
      const side = Math.min(height, width, Math.max(1, Math.round(Math.sqrt(share * height * width))));
      const top = source.integer(Math.max(1, height - side));
      const left = source.integer(Math.max(1, width - side));
      const next = x.slice();
      for (let c = 0; c < channels; c++) {
        const by = 2 * epsilon * signOf(source);
        for (let row = top; row < top + side; row++) {
          const at = (c * height + row) * width + left;
          for (let i = at; i < at + side; i++) next[i]! += by;
        }
      }
      return ball.project(next);
    },
  };
}

function tiles(subject: Subject, norm: PeakNorm, source: RandomStream): Search {
  const { image, shape, threat, ball } = subject;
  const [, height, width] = shape;
  /** The perturbation on the image: scaled to the whole radius and clipped (L2), or projected (L1). */
  const placed = (delta: Float64Array): Float32Array => {
    if (norm === "l1") return ball.project(image.map((value, i) => value + delta[i]!));
    const length = Math.sqrt(delta.reduce((sum, value) => sum + value * value, 0)) + 1e-12;
    return image.map((value, i) => Math.min(1, Math.max(0, value + (delta[i]! / length) * threat.epsilon)));
  };
  return {
    start: () => placed(initialTiles(norm, shape, source)),
    move(x, share) {
      let side = Math.max(3, Math.round(Math.sqrt(share * height * width)));
      if (side % 2 === 0) side++;
      side = Math.min(side, height, width);
      const delta = Float64Array.from(x, (value, i) => value - image[i]!);
      tiltedPatch(norm, delta, shape, side, threat.epsilon, source);
      return placed(delta);
    },
  };
}
