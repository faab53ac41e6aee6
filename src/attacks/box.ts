import type { RandomStream } from "../tensor/index.js";
import type { Ball } from "./ball.js";
import { STEP } from "./pgd-step.js";
import type { ThreatModel } from "./threat.js";

/**
 * The threat model for a box: the L∞ ball of radius 1, with every element measured in half the width of its own
 * interval.
 */
export const boxThreat: ThreatModel = { norm: "linf", epsilon: 1 };

/**
 * All points between `lower` and `upper`, element by element, as a ball around the middle. Each input has its own interval
 * and no other limit, so inputs need not be pixels in [0, 1]. Its norm is that of {@link boxThreat},
 *
 *   ‖δ‖ = max_i |δ_i| / h_i ,    h = (upper − lower) / 2 ,
 *
 * where elements of zero width do not count. A step moves each element by `length` · h_i along its gradient's sign.
 *
 * @param lower and upper have the same length, and lower ≤ upper.
 */
export function boxAround(lower: Float32Array, upper: Float32Array): Ball {
  if (lower.length !== upper.length || lower.some((least, i) => !(least <= upper[i]!))) {
    throw new RangeError("a box has a lower and an upper bound for each element, lower ≤ upper");
  }
  // In float64, because the middle of two neighbouring float32 numbers is neither of them.
  const centre = Float64Array.from(lower, (least, i) => least / 2 + upper[i]! / 2);
  const half = Float64Array.from(lower, (least, i) => upper[i]! / 2 - least / 2);
  const project = (point: Float32Array): Float32Array => {
    for (let i = 0; i < point.length; i++) point[i] = Math.min(Math.max(point[i]!, lower[i]!), upper[i]!);
    return point;
  };
  /** The middle moved by a share of the half widths. */
  const at = (share: (i: number) => number): Float32Array =>
    project(Float32Array.from(centre, (c, i) => c + half[i]! * share(i)));
  const uniform = (source: RandomStream): Float32Array =>
    source.fillUniform(new Float32Array(lower.length), -1, 1);
  const size = (delta: Float32Array): number =>
    delta.reduce((most, value, i) => (half[i]! > 0 ? Math.max(most, Math.abs(value) / half[i]!) : most), 0);
  return {
    project,
    sample(source) {
      const shares = uniform(source);
      return at((i) => shares[i]!);
    },
    edge(source) {
      const shares = uniform(source);
      const greatest = shares.reduce(
        (most, share, i) => (half[i]! > 0 ? Math.max(most, Math.abs(share)) : most),
        1e-12,
      );
      return at((i) => shares[i]! / greatest);
    },
    step: (x, gradient, length) => x.map((value, i) => value + length * half[i]! * Math.sign(gradient[i]!)),
    size,
    distance: (point) => size(point.map((value, i) => value - centre[i]!)),
    rows: { [STEP.lower]: lower, [STEP.upper]: upper },
  };
}
