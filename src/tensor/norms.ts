/** Norms of one image's perturbation, in pixel units. */

/** max |aᵢ − bᵢ| over elements [start, end). */
export function linfDistance(a: Float32Array, b: Float32Array, start: number, end: number): number {
  let largest = 0;
  for (let i = start; i < end; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (difference > largest || Number.isNaN(difference)) largest = difference;
  }
  return largest;
}

/** Σ |aᵢ − bᵢ| over elements [start, end), summed in float64. */
export function l1Distance(a: Float32Array, b: Float32Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum;
}

/** √Σ (aᵢ − bᵢ)² over elements [start, end), summed in float64. */
export function l2Distance(a: Float32Array, b: Float32Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}
