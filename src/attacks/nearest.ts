/** Shared parts of the attacks that search for the nearest adversarial image. */
import type { Asking } from "./asking.js";
import type { Subject } from "./attack.js";
import type { Ball } from "./ball.js";
import type { Stop } from "./cards/index.js";
import { lossAsker, type LossAt } from "./loss-gradient.js";
import { argMax } from "./scoring.js";

/** The nearest adversarial image seen so far. */
export interface Nearest {
  /** The clean image if none was seen. */
  readonly image: Float32Array;
  /** Infinite if none was seen. */
  readonly distance: number;
  /** Whether nothing still to come can change the wanted result. */
  readonly isDone: boolean;
  /** Keeps an adversarial candidate if it is nearer. Returns whether it is adversarial by its logits `[K]`. */
  offer(candidate: Float32Array, logits: Float32Array): boolean;
}

/** @param stop see {@link Stop}; a single output of a randomised model never ends the search. */
export function createNearest(subject: Subject, stop: Stop): Nearest {
  const { image, ball, threat, randomised } = subject;
  let [kept, distance] = [image, Infinity];
  return {
    get image() {
      return kept;
    },
    get distance() {
      return distance;
    },
    get isDone() {
      if (randomised) return false;
      return distance === 0 || (stop === "inside" && distance <= threat.epsilon);
    },
    offer(candidate, logits) {
      if (!isReached(subject, logits)) return false;
      const far = ball.distance(candidate);
      if (far < distance) [kept, distance] = [candidate, far];
      return true;
    },
  };
}

/** Whether the logits `[K]` are those of an adversarial image. */
export function isReached({ label, target }: Subject, logits: Float32Array): boolean {
  const answer = argMax(logits, 0, logits.length);
  return target === undefined ? answer !== label : answer === target;
}

/**
 * Asks for the lead of the wanted classes and its gradient:
 *
 *   untargeted  max_{k≠y} z_k − z_y        targeted  z_t − max_{k≠t} z_k
 *
 * It is above 0 if an image is adversarial.
 */
export function leadAsker(subject: Subject, draws: number): (x: Float32Array) => Asking<LossAt> {
  const { target } = subject;
  if (target === undefined) return lossAsker(subject, "margin", { draws });
  const behind = lossAsker({ ...subject, label: target }, "margin", { draws });
  return function* (x) {
    const { loss, gradient, logits } = yield* behind(x);
    return { loss: -loss, gradient: gradient.map((value) => -value), logits };
  };
}

/** The gradient's norm that is dual to the ball's: ⟨g, u⟩ of the steepest u of unit length. */
export function dualNorm(ball: Ball, gradient: Float32Array): number {
  const steepest = ball.step(new Float32Array(gradient.length), gradient, 1);
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * steepest[i]!;
  return sum;
}
