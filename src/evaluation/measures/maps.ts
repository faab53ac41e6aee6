/**
 * Upsamples an attention map `[height, width]` to the image `[toHeight, toWidth]`: bilinear between
 * the centres of its cells, with the edge repeated outwards (as PyTorch's `interpolate` with
 * `align_corners=False`).
 */
export function upsample(
  map: Float32Array,
  [height, width]: readonly [number, number],
  [toHeight, toWidth]: readonly [number, number],
): Float32Array {
  const rows = sampling(height, toHeight);
  const columns = sampling(width, toWidth);
  const out = new Float32Array(toHeight * toWidth);
  for (let y = 0; y < toHeight; y++) {
    const [top, bottom, down] = rows[y]!;
    for (let x = 0; x < toWidth; x++) {
      const [left, right, across] = columns[x]!;
      const upper = map[top * width + left]! * (1 - across) + map[top * width + right]! * across;
      const lower = map[bottom * width + left]! * (1 - across) + map[bottom * width + right]! * across;
      out[y * toWidth + x] = upper * (1 - down) + lower * down;
    }
  }
  return out;
}

/** For each target position: the two source positions it lies between, and the share of the way to the second. */
function sampling(from: number, to: number): (readonly [number, number, number])[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const first = Math.min(from - 1, Math.floor(at));
    return [first, Math.min(from - 1, first + 1), Math.min(1, at - first)] as const;
  });
}

/** The activation of an attention map on a key region. */
export interface RegionActivation {
  /** Mean over the region of the map divided by its largest value, in [0, 1] (the paper's Table 2). */
  readonly inside: number;
  /** The same outside it. A flat map has a high mean everywhere, so only the two together are meaningful. */
  readonly outside: number;
}

/**
 * Activation on the key region, of a map `[H, W]` of the region's size, scaled by its maximum.
 *
 * @returns null if the region is empty or covers the whole image, or if the map is 0 everywhere.
 */
export function regionActivation(map: Float32Array, region: Uint8Array): RegionActivation | null {
  let largest = 0;
  let [inside, outside, count] = [0, 0, 0];
  map.forEach((value, i) => {
    largest = Math.max(largest, value);
    if (region[i] === 1) {
      inside += value;
      count++;
    } else outside += value;
  });
  if (count === 0 || count === map.length || !(largest > 0)) return null;
  return { inside: inside / count / largest, outside: outside / (map.length - count) / largest };
}

/** How far an adversary moved the attention of one group. */
export interface AttentionShift {
  /** ⟨Q, Q'⟩ / (‖Q‖₂ ‖Q'‖₂); 1: unmoved. */
  readonly cosine: number;
  /** ‖Q/‖Q‖₂ − Q'/‖Q'‖₂‖₂, a term of the paper's L_AT, in [0, √2]. */
  readonly distance: number;
}

/** Between two maps F(A) of one group, scaled or not; both 0 counts as unmoved. */
export function attentionShift(clean: Float32Array, adversarial: Float32Array): AttentionShift {
  const [a, b] = [norm(clean), norm(adversarial)];
  if (a === 0 || b === 0) return a === b ? { cosine: 1, distance: 0 } : { cosine: 0, distance: 1 };
  let [dot, squares] = [0, 0];
  clean.forEach((value, i) => {
    const [p, q] = [value / a, adversarial[i]! / b];
    dot += p * q;
    squares += (p - q) ** 2;
  });
  return { cosine: dot, distance: Math.sqrt(squares) };
}

function norm(values: Float32Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}
