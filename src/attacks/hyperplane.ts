/**
 * The smallest change that moves a point of the box [0, 1]ᵈ onto a hyperplane and stays in the box, in each norm:
 *
 *   min ‖δ‖  with  ⟨w, x + δ⟩ = b  and  0 ≤ x + δ ≤ 1
 *
 * Every coordinate moves towards the plane, by t (L∞) or t · |wᵢ| (L2), until it meets its bound. In L1 the coordinates with
 * the largest weights go to their bounds, one after the other, and the last only as far as the plane. If the box ends before
 * the plane, every coordinate goes to its bound. (Croce & Hein 2020, arXiv:1907.02044, § 2.1.)
 */
import type { BallNorm, StepNorm } from "./threat.js";

/** Weights that count as zero in L2 and L1, as in the reference, because dividing by them is meaningless. */
const NO_WEIGHT = 1e-8;

export function towardsPlane(norm: BallNorm, x: Float32Array, w: Float32Array, b: number): Float32Array {
  let offset = -b;
  for (let i = 0; i < x.length; i++) offset += w[i]! * x[i]!;
  const sign = offset >= 0 ? -1 : 1;
  const gap = Math.abs(offset);
  const size = x.length;
  if (norm === "l1") return greatestFirst(x, w, sign, gap);
  // Coordinate i moves in direction `sign · w` at its speed until its room is used up.
  const room = new Float64Array(size);
  const ends = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const up = sign * w[i]! > 0;
    room[i] = up ? 1 - x[i]! : x[i]!;
    ends[i] = room[i]! / speedOf(norm, w[i]!);
  }
  const t = reach(norm, w, room, ends, gap);
  const delta = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const speed = speedOf(norm, w[i]!);
    if (speed === 0) continue;
    const moved = t >= ends[i]! ? room[i]! : t * speed;
    delta[i] = sign * w[i]! > 0 ? moved : -moved;
  }
  return delta;
}

/** The smallest change in L1: a unit of change closes most of the gap where the weight is largest. */
function greatestFirst(x: Float32Array, w: Float32Array, sign: number, gap: number): Float32Array {
  const sizes = w.map(Math.abs);
  const order = Uint32Array.from(sizes.keys())
    .filter((i) => sizes[i]! > NO_WEIGHT)
    .sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const delta = new Float32Array(x.length);
  let left = gap;
  for (const i of order) {
    const up = sign * w[i]! > 0;
    const room = up ? 1 - x[i]! : x[i]!;
    const needed = left / sizes[i]!;
    const moved = Math.min(room, needed);
    delta[i] = up ? moved : -moved;
    if (needed <= room) break;
    left -= moved * sizes[i]!;
  }
  return delta;
}

/** How far the plane of ⟨w, x⟩ = ⟨w, here⟩ + gap lies from here without the box: |gap| over w's length in the dual norm. */
export function distanceToPlane(norm: BallNorm, w: Float32Array, gap: number): number {
  let [sum, squared, greatest] = [0, 0, 0];
  for (const value of w) {
    const size = Math.abs(value);
    sum += size;
    squared += size * size;
    if (size > greatest) greatest = size;
  }
  return Math.abs(gap) / ({ linf: sum, l2: Math.sqrt(squared), l1: greatest }[norm] + 1e-12);
}

function speedOf(norm: StepNorm, weight: number): number {
  const size = Math.abs(weight);
  if (norm === "l2") return size > NO_WEIGHT ? size : 0;
  return size > 0 ? 1 : 0;
}

/**
 * The t at which Σ |wᵢ| · min(t · speedᵢ, roomᵢ) reaches `gap`; infinite if it never does. The sum is concave, so
 * Newton's steps approach it from below and end in the right linear piece.
 */
function reach(norm: StepNorm, w: Float32Array, room: Float64Array, ends: Float64Array, gap: number): number {
  let t = 0;
  for (;;) {
    let [filled, slope] = [0, 0];
    for (let i = 0; i < w.length; i++) {
      const weight = Math.abs(w[i]!);
      if (ends[i]! <= t) filled += weight * room[i]!;
      else slope += weight * speedOf(norm, weight);
    }
    if (slope === 0) return filled >= gap ? t : Infinity;
    const next = (gap - filled) / slope;
    if (!(next > t)) return t;
    t = next;
  }
}
