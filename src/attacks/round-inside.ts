import { ballAround } from "./ball.js";
import type { ThreatModel } from "./threat.js";

/** Steps of a bisection: 2⁻²⁰ of the way is less than a level of any pixel. */
const HALVINGS = 20;
/** What float32 takes a level for that lies on the ball's edge. */
const ROUNDING = 1e-4;

/**
 * The image as 8 bits a pixel hold it, `k / 255`, still inside the ball.
 *
 * - L∞: each pixel the nearest level in the ball around its clean one; where there is none, the clean pixel's own nearest.
 * - a patch: each pixel that changed its nearest level.
 * - L2, L1: each pixel its nearest level, of a point so far on the way from the clean image that it is inside.
 *
 * @param clean the image that the ball is around, in [0, 1].
 */
export function roundedInside(image: Float32Array, clean: Float32Array, threat: ThreatModel): Float32Array {
  if (threat.norm === "linf") return image.map((value, i) => levelInside(255 * value, clean[i]!, threat));
  // A pixel that did not change is a level already, or stays what it is.
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

/** In L∞: each pixel rounded away from its clean one, as far as the ball reaches. For an image that lost its way by rounding. */
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
