import { ballAround } from "./ball.js";
import type { ThreatModel } from "./threat.js";

/** Steps of a bisection: 2⁻²⁰ of the way is less than a level of any pixel. */
const HALVINGS = 20;
/** Tolerance of float32 for a level on the ball's edge. */
const ROUNDING = 1e-4;

/**
 * Rounds the image to 8 bits per value, `k / 255`, inside the ball.
 *
 * - L∞: each pixel takes the nearest level in the ball around its clean value or, without one, the clean value's own nearest.
 * - a patch: each changed pixel takes its nearest level.
 * - L2, L1: moves from the clean image towards the adversarial one as far as the nearest levels stay inside.
 *
 * @param clean the centre of the ball, in [0, 1].
 */
export function roundedInside(image: Float32Array, clean: Float32Array, threat: ThreatModel): Float32Array {
  if (threat.norm === "linf") return image.map((value, i) => levelInside(255 * value, clean[i]!, threat));
  // A pixel that did not change already is a level, or stays as it is.
  if (threat.norm === "patch")
    return image.map((value, i) => (value === clean[i] ? value : Math.round(255 * value) / 255));
  const ball = ballAround(threat, clean);
  const at = (share: number): Float32Array =>
    image.map((value, i) => Math.round(255 * (clean[i]! + share * (value - clean[i]!))) / 255);
  const whole = at(1);
  if (ball.distance(whole) <= threat.epsilon) return whole;
  let [inside, outside] = [0, 1];
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (inside + outside) / 2;
    if (ball.distance(at(middle)) <= threat.epsilon) inside = middle;
    else outside = middle;
  }
  return at(inside);
}

/** In L∞: rounds each pixel away from its clean value, as far as the ball reaches. For images that rounding made harmless. */
export function roundedOutwards(image: Float32Array, clean: Float32Array, threat: ThreatModel): Float32Array {
  return image.map((value, i) => {
    const level = 255 * value;
    const away = value > clean[i]! ? Math.ceil(level) : value < clean[i]! ? Math.floor(level) : level;
    return levelInside(away, clean[i]!, threat);
  });
}

function levelInside(level: number, clean: number, { epsilon }: ThreatModel): number {
  const least = Math.max(0, Math.ceil(255 * (clean - epsilon) - ROUNDING));
  const most = Math.min(255, Math.floor(255 * (clean + epsilon) + ROUNDING));
  return least > most
    ? Math.round(255 * clean) / 255
    : Math.min(Math.max(Math.round(level), least), most) / 255;
}
