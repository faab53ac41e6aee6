import type { Asking } from "./asking.js";
import type { Subject } from "./attack.js";
import type { Best } from "./best.js";
import { iterate } from "./iterate.js";
import { movedCount } from "./l1-ball.js";
import type { LossAt } from "./loss-gradient.js";

/** Share of the elements that the first steps move, from a random start. */
const FIRST_SHARE = 0.2;
/** A step moves the best point's number of moved elements divided by this; if that number does not fall, the step is divided by it. */
const SHRINK = 1.5;
/** The number falls if it is below this share of that at the last check. */
const FALLING = 0.95;
/** The shortest step, in radii. */
const SHORTEST = 0.1;
/** Share of the steps between checks of both. */
const CHECK = 0.04;

interface Run {
  readonly steps: number;
  readonly start: Float32Array;
  /** Whether the start is noise; otherwise its own moved elements determine how many to move. */
  readonly isNoise: boolean;
  readonly best: Pick<Best, "offer">;
  readonly done: () => boolean;
}

/**
 * One run of APGD in L1 (Croce & Hein 2021, arXiv:2103.01208, Algorithm 1): sparse steps without momentum, projected onto
 * the ball and the box at once. Each check sets the number of elements that a step moves to the best point's number divided by
 * 1.5. If that number fell, it continues from the best point with a step of ε; otherwise the step shortens, down to ε / 10.
 *
 * @returns the point with the largest loss.
 */
export function* climbSparsely(
  { ball, threat: { epsilon }, image }: Subject,
  lossAt: (x: Float32Array) => Asking<LossAt>,
  { steps, start, isNoise, best, done }: Run,
): Asking<Float32Array> {
  const size = image.length;
  const every = Math.max(1, Math.floor(CHECK * steps));
  let here = yield* lossAt(start);
  best.offer(start, here.logits);
  const top = { x: start, at: here };
  let moved = isNoise ? size : movedCount(start, image);
  let share = isNoise ? FIRST_SHARE : moved / size / SHRINK;
  let length = epsilon;
  function* step(x: Float32Array, k: number): Asking<Float32Array> {
    const next = ball.project(ball.step(x, here.gradient, length, share));
    here = yield* lossAt(next);
    best.offer(next, here.logits);
    if (here.loss > top.at.loss) [top.x, top.at] = [next, here];
    if ((k + 1) % every !== 0) return next;
    const now = movedCount(top.x, image);
    const falls = now / moved < FALLING;
    [moved, share] = [now, now / size / SHRINK];
    length = falls ? epsilon : Math.max(length / SHRINK, SHORTEST * epsilon);
    if (!falls) return next;
    here = top.at;
    return top.x;
  }
  if (!done()) yield* iterate(start, steps, step, done);
  return top.x;
}
