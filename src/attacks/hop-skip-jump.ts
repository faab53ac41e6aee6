import type { RandomStream } from "../tensor/index.js";
import type { Asking } from "./asking.js";
import { defineAttack, type Subject } from "./attack.js";
import { ballAround } from "./ball.js";
import { CARDS } from "./cards/index.js";
import { logitsOf } from "./judge.js";
import { createNearest, isReached, type Nearest } from "./nearest.js";

/** Noise images to try as a start, after gray, black and white. */
const STARTS = 100;
/** The first probes are this far from the boundary, in L2. */
const FIRST_PROBE = 0.1;
/**
 * Probes move a value by at least this much (root mean square): float32 resolves 6e-8 near 1, and a model's logits no better. Without
 * it, at 224 × 224 in L∞ probes are 2e-9 away, and most round to the image that they start from.
 */
const LEAST_PROBE = 4e-6;
/** Queries kept for the step that follows an estimate, and its search for the boundary. */
const STEP_QUERIES = 28;
/** Most queries for one direction (B_max). */
const MOST_PROBES = 10_000;
/** Most halvings in a search for the boundary; float32 cannot resolve more. */
const MOST_HALVINGS = 24;

/**
 * HopSkipJump (Chen, Jordan & Wainwright 2020, arXiv:1904.02144, Algorithm 2). From an image of another class, repeatedly:
 *
 *   x ← the boundary, on the way from x to the clean image, to within θ of it
 *   v ← Σ_b ( φ_b − mean φ ) u_b ,  φ_b = ±1 as x + δ u_b is adversarial or not; b to B₀ √t
 *   x ← x + ξ v / ‖v‖ ,  ξ = ‖x − x₀‖ / √t, halved until it is adversarial; in L∞ along the signs of v
 *
 * with u_b of unit length in L2, θ = d^(−3/2) in L2 and d^(−2) in L∞, d the numbers of an image, and δ = √d θ ‖x − x₀‖ (d θ ‖x − x₀‖ in
 * L∞). It uses only the predicted class. It stops when its queries are spent or, with `stop: "inside"`, inside the ball. Towards a
 * class it starts from noise that happens to be of that class, and finds nothing without one.
 */
export const hopSkipJump = defineAttack(
  CARDS["hop-skip-jump"],
  function* (subject, { queries, probes, stop }) {
    const { image, ball, threat } = subject;
    const nearest = createNearest(subject, stop);
    const walk: Walk = { subject, nearest, left: queries };
    const source = subject.stream("hop-skip-jump");
    let x = yield* startOf(walk, source);
    if (x === undefined) return image;
    const d = image.length;
    const theta = threat.norm === "l2" ? d ** -1.5 : d ** -2;
    x = yield* boundary(walk, x, theta);
    for (let t = 1; !isOver(walk); t++) {
      const far = ball.distance(x);
      const delta = t === 1 ? FIRST_PROBE : Math.max(far / d, LEAST_PROBE * Math.sqrt(d));
      const affordable = Math.max(walk.left - STEP_QUERIES, 1);
      const count = Math.min(Math.round(probes * Math.sqrt(t)), MOST_PROBES, affordable);
      const direction = yield* estimated(walk, x, { delta, count, source });
      if (isOver(walk)) break;
      let length = far / Math.sqrt(t);
      let next: Float32Array;
      for (;;) {
        next = clipped(ball.step(x, direction, length));
        if ((yield* isAdversarial(walk, next)) || isOver(walk)) break;
        length /= 2;
        // Nothing adversarial ahead: the estimate was wrong, so make another from here.
        if (length < 1e-6 * far) {
          next = x;
          break;
        }
      }
      if (isOver(walk)) break;
      x = yield* boundary(walk, next, theta);
    }
    return nearest.image;
  },
);

/** State of a running attack. */
interface Walk {
  readonly subject: Subject;
  readonly nearest: Nearest;
  /** Queries left. */
  left: number;
}

const isOver = ({ left, nearest }: Walk): boolean => left <= 0 || nearest.isDone;

function* isAdversarial(walk: Walk, x: Float32Array): Asking<boolean> {
  walk.left--;
  const logits = yield* logitsOf(x);
  return walk.nearest.offer(x, logits);
}

const clipped = (x: Float32Array): Float32Array => x.map((value) => Math.min(1, Math.max(0, value)));

/** An adversarial image, however far; undefined if none was found. */
function* startOf(walk: Walk, source: RandomStream): Asking<Float32Array | undefined> {
  const { image, cleanLogits } = walk.subject;
  if (isReached(walk.subject, cleanLogits)) return undefined;
  for (let tried = 0; tried < STARTS + 3 && walk.left > 0; tried++) {
    const start =
      tried < 3
        ? new Float32Array(image.length).fill([0.5, 0, 1][tried]!)
        : source.fillUniform(new Float32Array(image.length), 0, 1);
    if (yield* isAdversarial(walk, start)) return start;
  }
  return undefined;
}

/**
 * The boundary between an adversarial image and the clean one, from the adversarial side: on the line between them in L2; in L∞
 * the adversarial image clipped to a shrinking cube around the clean one.
 */
function* boundary(walk: Walk, from: Float32Array, theta: number): Asking<Float32Array> {
  const { image, threat, ball } = walk.subject;
  const far = ball.distance(from);
  const at = (share: number): Float32Array =>
    threat.norm === "l2"
      ? image.map((value, i) => value + share * (from[i]! - value))
      : ballAround({ ...threat, epsilon: share * far }, image).project(from.slice());
  let [low, high, best] = [0, 1, from];
  const tolerance = threat.norm === "l2" ? theta : Math.min(theta, theta / Math.max(far, 1e-12));
  for (let k = 0; k < MOST_HALVINGS && high - low > tolerance && !isOver(walk); k++) {
    const middle = (low + high) / 2;
    const x = at(middle);
    if (yield* isAdversarial(walk, x)) [high, best] = [middle, x];
    else low = middle;
  }
  return best;
}

/** Estimates a direction in which the image becomes more adversarial, from queries around it. */
function* estimated(
  walk: Walk,
  x: Float32Array,
  { delta, count, source }: { readonly delta: number; readonly count: number; readonly source: RandomStream },
): Asking<Float32Array> {
  const sums = { plus: new Float32Array(x.length), minus: new Float32Array(x.length) };
  let positive = 0;
  let asked = 0;
  for (; asked < count && !isOver(walk); asked++) {
    const noise = new Float32Array(x.length);
    if (walk.subject.threat.norm === "l2") source.fillNormal(noise, 1);
    else source.fillUniform(noise, -1, 1);
    const scale = delta / Math.max(lengthOf(noise), 1e-12);
    const probe = x.map((value, i) => Math.min(1, Math.max(0, value + scale * noise[i]!)));
    const is = yield* isAdversarial(walk, probe);
    if (is) positive++;
    const sum = is ? sums.plus : sums.minus;
    // Use the probe after clipping, because that is what was queried.
    for (let i = 0; i < x.length; i++) sum[i]! += (probe[i]! - x[i]!) / delta;
  }
  // Σ (φ − mean φ) u; without the mean if all φ are equal.
  const mean = asked === 0 ? 0 : (2 * positive - asked) / asked;
  const [plus, minus] = positive === asked ? [1, 0] : positive === 0 ? [0, 1] : [1 - mean, 1 + mean];
  return x.map((_, i) => plus * sums.plus[i]! - minus * sums.minus[i]!);
}

function lengthOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
