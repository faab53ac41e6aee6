import { l2Distance, linfDistance, type RandomGenerator } from "../tensor/index.js";
import type { ThreatModel } from "./attack.js";

/** Geometry of a threat model around one image: the only place that knows the norms. */

/** Distance of two images that lie at [start, start + size) of their arrays. */
export function distanceOf(
  { norm }: ThreatModel,
  a: Float32Array,
  b: Float32Array,
  start: number,
  size: number,
): number {
  return (norm === "linf" ? linfDistance : l2Distance)(a, b, start, start + size);
}

/**
 * Moves `point` into the ball around `centre` and into [0, 1], in place. The centre is in
 * [0, 1], so clipping to [0, 1] never leaves the ball again.
 */
export function projectInto(
  { norm, epsilon }: ThreatModel,
  centre: Float32Array,
  point: Float32Array,
  start: number,
  size: number,
): void {
  const end = start + size;
  if (norm === "linf") {
    for (let i = start; i < end; i++) {
      const c = centre[i]!;
      point[i] = Math.min(Math.max(point[i]!, c - epsilon, 0), c + epsilon, 1);
    }
    return;
  }
  const distance = l2Distance(centre, point, start, end);
  const factor = distance > epsilon ? epsilon / distance : 1;
  for (let i = start; i < end; i++) {
    const moved = factor === 1 ? point[i]! : centre[i]! + (point[i]! - centre[i]!) * factor;
    point[i] = Math.min(Math.max(moved, 0), 1);
  }
}

/**
 * A random point of the ball, cut to [0, 1]: uniform in the L∞ cube; in L2 a uniform
 * direction with radius ε · u, as torchattacks' PGDL2 draws it. A pure function of
 * (seed, stream, image index, draw).
 */
export function sampleFrom(
  threat: ThreatModel,
  random: RandomGenerator,
  stream: string,
  imageIndex: number,
  draw: number,
  centre: Float32Array,
  out: Float32Array,
  start: number,
  size: number,
): void {
  const source = random.stream(stream, imageIndex, draw);
  const noise = new Float32Array(size);
  if (threat.norm === "linf") {
    source.fillUniform(noise, -threat.epsilon, threat.epsilon);
  } else {
    source.fillNormal(noise, 1);
    let squared = 0;
    for (const value of noise) squared += value * value;
    const scale = (threat.epsilon * source.uniform()) / Math.max(Math.sqrt(squared), 1e-12);
    for (let i = 0; i < size; i++) noise[i] = noise[i]! * scale;
  }
  for (let i = 0; i < size; i++) out[start + i] = centre[start + i]! + noise[i]!;
  projectInto(threat, centre, out, start, size);
}

/** The L∞ ball's lower and upper bounds cut to [0, 1], for a whole batch. */
export function linfBounds(
  centre: Float32Array,
  epsilon: number,
): { lower: Float32Array; upper: Float32Array } {
  const lower = new Float32Array(centre.length);
  const upper = new Float32Array(centre.length);
  for (let i = 0; i < centre.length; i++) {
    lower[i] = Math.max(centre[i]! - epsilon, 0);
    upper[i] = Math.min(centre[i]! + epsilon, 1);
  }
  return { lower, upper };
}
