import type { Asking } from "./asking.js";
import { defineAttack, type Subject } from "./attack.js";
import { CARDS, type OptionsOf } from "./cards/index.js";
import { distanceToPlane, towardsPlane } from "./hyperplane.js";
import { likelyTargets, lossAsker, type LossAt } from "./loss-gradient.js";
import { argMax } from "./scoring.js";
import { ballNorm, type BallNorm } from "./threat.js";

type Options = OptionsOf<(typeof CARDS)["fab-t"]["options"]>;

interface Nearest {
  image: Float32Array;
  distance: number;
}

/**
 * Fast adaptive boundary attack, targeted (Croce & Hein 2020, arXiv:1907.02044, Algorithm 1): for each of the most likely
 * classes, step to where the model linearised at x scores the class as high as the label, from x and from the image, and
 * go back towards the image after each success. It searches for the nearest adversarial image, and stops at the first
 * one in the ball.
 */
export const targetedFab = defineAttack(CARDS["fab-t"], function* (subject, options) {
  const { image, threat, target } = subject;
  const nearest: Nearest = { image, distance: Infinity };
  const aims = target === undefined ? likelyTargets(subject, options.targets) : [target];
  for (const [i, aim] of aims.entries()) {
    for (let restart = 0; restart < options.restarts; restart++) {
      const run = { which: i * options.restarts + restart, isRandom: restart > 0 };
      yield* approach(subject, [aim], run, options, nearest);
      if (nearest.distance <= threat.epsilon) return nearest.image;
    }
  }
  return nearest.image;
});

/**
 * The same, untargeted: each step goes towards the one of the most likely classes with the nearest plane, at the cost of
 * one gradient for each of them.
 */
export const fab = defineAttack(CARDS.fab, function* (subject, options) {
  const { image, threat, target } = subject;
  const nearest: Nearest = { image, distance: Infinity };
  const aims = target === undefined ? likelyTargets(subject, options.targets) : [target];
  for (let restart = 0; restart < options.restarts; restart++) {
    yield* approach(subject, aims, { which: restart, isRandom: restart > 0 }, options, nearest);
    if (nearest.distance <= threat.epsilon) break;
  }
  return nearest.image;
});

/** One run, towards the nearest of some classes. */
function* approach(
  subject: Subject,
  aims: readonly number[],
  { which, isRandom }: { readonly which: number; readonly isRandom: boolean },
  { steps, overshoot, bias, backward }: Options,
  nearest: Nearest,
): Asking<void> {
  const { image, label, ball, threat, target } = subject;
  const norm = ballNorm(threat.norm);
  const [first, ...others] = aims.map((aim) => lossAsker(subject, "margin", { target: aim }));
  let x = isRandom ? halfway(image, ball.edge(subject.stream("fab-start", which))) : image;
  for (let k = 0; ; k++) {
    let at = yield* first!(x);
    const answer = argMax(at.logits, 0, at.logits.length);
    if (k > 0 && (target === undefined ? answer !== label : answer === target)) {
      const distance = ball.distance(x);
      if (distance < nearest.distance) Object.assign(nearest, { image: x, distance });
      if (k === steps) return;
      x = image.map((clean, i) => clean + (x[i]! - clean) * backward);
      at = yield* first!(x);
    }
    if (k === steps) return;
    at = yield* nearestOf(at, others, x, norm);
    // The plane on which the label and the class score equally in the linearisation at x.
    const level = dot(at.gradient, x) - at.loss;
    const [own, cleanWay] = [x, image].map((from) => towardsPlane(norm, from, at.gradient, level));
    const [a, b] = [own!, cleanWay!].map((delta) => Math.max(ball.size(delta), 1e-8));
    const pull = Math.min(a! / (a! + b!), bias);
    x = x.map((value, i) => {
      const ahead = (value + overshoot * own![i]!) * (1 - pull);
      return Math.min(1, Math.max(0, ahead + (image[i]! + overshoot * cleanWay![i]!) * pull));
    });
  }
}

/** The class with the nearest plane at x. */
function* nearestOf(
  first: LossAt,
  others: readonly ((x: Float32Array) => Asking<LossAt>)[],
  x: Float32Array,
  norm: BallNorm,
): Asking<LossAt> {
  let [nearest, distance] = [first, distanceToPlane(norm, first.gradient, first.loss)];
  for (const lossAt of others) {
    const at = yield* lossAt(x);
    const far = distanceToPlane(norm, at.gradient, at.loss);
    if (far < distance) [nearest, distance] = [at, far];
  }
  return nearest;
}

function halfway(from: Float32Array, to: Float32Array): Float32Array {
  return from.map((value, i) => (value + to[i]!) / 2);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
