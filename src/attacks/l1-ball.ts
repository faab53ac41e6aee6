/** The L1 ball clipped to [0, 1], and the sparse steps that climb in it (Croce & Hein 2021, arXiv:2103.01208). */
import { l1Distance, type RandomStream } from "../tensor/index.js";
import type { Ball } from "./ball.js";

/** Default share of the elements that a step moves: the largest hundredth of the gradient (SLIDE). */
const SPARSE = 0.01;
/** How far the sum over a ball's elements may fall short of ε, as a share. */
const ROUNDING = 1e-12;

export function crossPolytope(centre: Float32Array, epsilon: number): Ball {
  const project = (point: Float32Array): Float32Array => projectOntoL1(point, centre, epsilon);
  return {
    project,
    sample(source) {
      const noise = laplace(centre.length, source);
      const scale = (epsilon * source.uniform()) / Math.max(lengthOf(noise), 1e-12);
      return project(noise.map((value, i) => centre[i]! + scale * value));
    },
    edge(source) {
      const noise = source.fillNormal(new Float32Array(centre.length), 1);
      return project(noise.map((value, i) => centre[i]! + value));
    },
    step: sparseStep,
    size: lengthOf,
    distance: (point) => l1Distance(point, centre, 0, centre.length),
    rows: {},
  };
}

/**
 * The nearest point, in L2, of the ball and the box at once, in place (the same, Proposition 2.1):
 *
 *   argmin ‖z − p‖₂  with  ‖z − c‖₁ ≤ ε  and  0 ≤ z ≤ 1
 *   |zᵢ − cᵢ| = min( max( |pᵢ − cᵢ| − λ, 0 ), roomᵢ )
 *
 * where roomᵢ is the way from cᵢ to the side of the box that pᵢ lies towards, and λ ≥ 0 is the smallest for which they sum to at most ε.
 * Projecting onto the ball alone and then clipping would give another point, further inside. Each element is rounded towards
 * the centre, so the point's distance, summed in float64, does not exceed ε.
 *
 * @param point `[D]`; @param centre `[D]`, in [0, 1].
 */
export function projectOntoL1(point: Float32Array, centre: Float32Array, epsilon: number): Float32Array {
  const size = point.length;
  const far = new Float64Array(size);
  const room = new Float64Array(size);
  let total = 0;
  for (let i = 0; i < size; i++) {
    const delta = point[i]! - centre[i]!;
    far[i] = Math.abs(delta);
    room[i] = delta > 0 ? 1 - centre[i]! : centre[i]!;
    total += Math.min(far[i]!, room[i]!);
  }
  if (total <= epsilon) {
    for (let i = 0; i < size; i++) point[i] = Math.min(Math.max(point[i]!, 0), 1);
    return point;
  }
  const threshold = thresholdOf(far, room, epsilon);
  const bits = new Int32Array(point.buffer, point.byteOffset, size);
  for (let i = 0; i < size; i++) {
    const c = centre[i]!;
    const moved = Math.min(Math.max(far[i]! - threshold, 0), room[i]!);
    point[i] = point[i]! > c ? c + moved : c - moved;
    // The next float32 towards the centre; a point in [0, 1] has no sign bit.
    const over = point[i]! - c;
    if (Math.abs(over) > moved) bits[i]! += over > 0 ? -1 : 1;
  }
  return point;
}

/**
 * The λ at which Σ min( max( farᵢ − λ, 0 ), roomᵢ ) is ε, or below it by rounding. The sum falls with λ and is linear between
 * its corners, so Newton's step lands on λ once it starts in the right piece. If it leads out of the remaining interval,
 * and also now and then, the interval is halved.
 */
function thresholdOf(far: Float64Array, room: Float64Array, epsilon: number): number {
  let low = 0;
  let high = 0;
  for (const value of far) high = Math.max(high, value);
  let at = 0;
  for (let k = 1; ; k++) {
    let [sum, free] = [0, 0];
    for (let i = 0; i < far.length; i++) {
      const moved = far[i]! - at;
      if (moved <= 0) continue;
      if (moved > room[i]!) sum += room[i]!;
      else {
        sum += moved;
        free++;
      }
    }
    if (sum <= epsilon && sum >= epsilon * (1 - 2 * ROUNDING)) return at;
    if (sum > epsilon) low = at;
    else high = at;
    const newton = at + (sum - epsilon * (1 - ROUNDING)) / free;
    const next = newton > low && newton < high && k % 4 > 0 ? newton : low + (high - low) / 2;
    // No float64 lies between them; the upper one stays within the ball.
    if (next <= low || next >= high) return high;
    at = next;
  }
}

/**
 * x + length · s / ‖s‖₁, where s is the sign of the gradient on its largest `share` of the elements, and 0 elsewhere. The
 * steepest direction in L1 moves only one element, which takes as many steps as there are elements to move (ibid., § 3).
 */
export function sparseStep(
  x: Float32Array,
  gradient: Float32Array,
  length: number,
  share: number = SPARSE,
): Float32Array {
  const least = Math.abs(atRank(gradient, share));
  let count = 0;
  for (const value of gradient) count += Number(value !== 0 && Math.abs(value) >= least);
  const each = length / Math.max(count, 1);
  return x.map((value, i) => {
    const slope = gradient[i]!;
    return Math.abs(slope) >= least ? value + each * Math.sign(slope) : value;
  });
}

/** The smallest |gᵢ| among the largest `share` of them, at least one, counted as in the reference. */
function atRank(gradient: Float32Array, share: number): number {
  const size = gradient.length;
  const rank = Math.floor(Math.min(Math.max((1 - share) * size, 0), size - 1));
  return gradient.map(Math.abs).sort()[rank]!;
}

/** The gradient without the elements whose step would leave [0, 1], since it would be clipped again (SLIDE, arXiv:1904.13000). */
export function withinBox(x: Float32Array, gradient: Float32Array): Float32Array {
  return gradient.map((slope, i) => ((slope > 0 && x[i]! >= 1) || (slope < 0 && x[i]! <= 0) ? 0 : slope));
}

/** Elements that differ from the centre. */
export function movedCount(point: Float32Array, centre: Float32Array): number {
  let count = 0;
  for (let i = 0; i < point.length; i++) count += Number(point[i] !== centre[i]);
  return count;
}

function laplace(size: number, source: RandomStream): Float32Array {
  return Float32Array.from({ length: size }, () => {
    const sign = source.uniform() < 0.5 ? -1 : 1;
    return -sign * Math.log(1 - source.uniform());
  });
}

function lengthOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum;
}
