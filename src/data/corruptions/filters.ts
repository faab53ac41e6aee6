import { mirroredInside, padded, type Edge, type Planes } from "./planes.js";

/** exp(−x² / 2σ²) at −radius … radius, normalised to sum 1. */
export function gaussianWeights(sigma: number, radius: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp((-0.5 * (i - radius) ** 2) / sigma ** 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * Smooths a plane along columns and then rows, as `scipy.ndimage.gaussian_filter` does.
 *
 * @param truncate where the filter ends, in deviations; 4 in scikit-image.
 */
export function gaussianBlur(
  plane: Planes,
  [sigmaY, sigmaX]: readonly [number, number],
  edge: Edge,
  truncate = 4,
): Float64Array {
  const { height, width } = plane;
  const radiusOf = (sigma: number): number => Math.trunc(truncate * sigma + 0.5);
  const down = gaussianWeights(sigmaY, radiusOf(sigmaY));
  const across = gaussianWeights(sigmaX, radiusOf(sigmaX));
  const [above, beside] = [radiusOf(sigmaY), radiusOf(sigmaX)];
  const smooth = new Float64Array(plane.data.length);
  const sums = new Float64Array(width);
  const wide = new Float64Array(width + 2 * beside);
  const columns = Int32Array.from(wide, (_, x) => edge(x - beside, width));
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let tap = 0; tap < down.length; tap++) {
      const row = edge(y + tap - above, height) * width;
      const weight = down[tap]!;
      for (let x = 0; x < width; x++) sums[x] = sums[x]! + weight * plane.data[row + x]!;
    }
    for (let x = 0; x < wide.length; x++) wide[x] = sums[columns[x]!]!;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let tap = 0; tap < across.length; tap++) sum += across[tap]! * wide[x + tap]!;
      smooth[y * width + x] = sum;
    }
  }
  return smooth;
}

/** A square kernel with an odd side. */
export interface Kernel {
  readonly side: number;
  readonly weights: Float64Array;
}

/** Correlation as in OpenCV's `filter2D` with its default border; runs of equal weights use sums along the row. */
export function correlate(plane: Planes, kernel: Kernel): Float64Array {
  const { height, width } = plane;
  const { data, height: tall, width: wide } = padded(plane, (kernel.side - 1) / 2, mirroredInside);
  const sums = new Float64Array(tall * (wide + 1));
  for (let y = 0; y < tall; y++)
    for (let x = 0; x < wide; x++)
      sums[y * (wide + 1) + x + 1] = sums[y * (wide + 1) + x]! + data[y * wide + x]!;
  const out = new Float64Array(height * width);
  const runs = runsOf(kernel);
  for (let y = 0; y < height; y++) {
    const to = y * width;
    for (const { row, start, end, weight } of runs) {
      const from = (y + row) * (wide + 1) + start;
      const until = from + end - start;
      for (let x = 0; x < width; x++)
        out[to + x] = out[to + x]! + weight * (sums[until + x]! - sums[from + x]!);
    }
  }
  return out;
}

interface Run {
  readonly row: number;
  readonly start: number;
  readonly end: number;
  readonly weight: number;
}

/** Runs of equal nonzero weights in a row of a kernel. */
function runsOf({ side, weights }: Kernel): Run[] {
  const runs: Run[] = [];
  for (let row = 0; row < side; row++) {
    for (let start = 0; start < side;) {
      const weight = weights[row * side + start]!;
      let end = start + 1;
      while (end < side && weights[row * side + end] === weight) end++;
      if (weight !== 0) runs.push({ row, start, end, weight });
      start = end;
    }
  }
  return runs;
}

/** A disk smoothed by a small Gaussian: the blur of a lens out of focus. */
export function diskKernel(radius: number, sigma: number): Kernel {
  const reach = Math.max(8, radius);
  const side = 2 * reach + 1;
  const inside = Float64Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - reach, Math.floor(i / side) - reach];
    return Number(x ** 2 + y ** 2 <= radius ** 2);
  });
  const count = inside.reduce((sum, each) => sum + each, 0);
  const disk = { channels: 1, height: side, width: side, data: inside.map((each) => each / count) };
  const weights = gaussianWeights(sigma, radius <= 8 ? 1 : 2);
  const smoothing = Float64Array.from(
    { length: weights.length ** 2 },
    (_, i) => weights[i % weights.length]! * weights[Math.floor(i / weights.length)]!,
  );
  return { side, weights: correlate(disk, { side: weights.length, weights: smoothing }) };
}

/**
 * Adds copies of a plane along a line, the first one strongest: Σᵢ kᵢ · shift(x, i · direction), kᵢ ∝ exp(−i² / 2σ²),
 * i < 2 radius + 1. Copies that would leave the image are left out; edge pixels extend into the space that a shift opens.
 *
 * @param angle in degrees.
 */
export function motionBlur(image: Planes, radius: number, sigma: number, angle: number): Float64Array {
  const { channels, height, width, data } = image;
  const length = 2 * radius + 1;
  const weights = Float64Array.from({ length }, (_, i) => Math.exp(-(i ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const radians = (angle * Math.PI) / 180;
  const point = [length * Math.sin(radians), length * Math.cos(radians)] as const;
  const far = Math.hypot(...point);
  const out = new Float64Array(data.length);
  for (let i = 0; i < length; i++) {
    const dy = -Math.ceil((i * point[0]) / far - 0.5);
    const dx = -Math.ceil((i * point[1]) / far - 0.5);
    if (Math.abs(dy) >= height || Math.abs(dx) >= width) break;
    const weight = weights[i]! / sum;
    for (let row = 0; row < channels * height; row++) {
      const [first, y] = [row - (row % height), row % height];
      const from = (first + Math.min(Math.max(y - dy, 0), height - 1)) * width - dx;
      const to = row * width;
      const [start, end] = [Math.max(dx, 0), width + Math.min(dx, 0)];
      for (let x = 0; x < start; x++) out[to + x] = out[to + x]! + weight * data[from + start]!;
      for (let x = start; x < end; x++) out[to + x] = out[to + x]! + weight * data[from + x]!;
      for (let x = end; x < width; x++) out[to + x] = out[to + x]! + weight * data[from + end - 1]!;
    }
  }
  return out;
}

/**
 * Enlarges the middle of an image: cropped as in `imagecorruptions`, and resampled as in `scipy.ndimage.zoom` of order 1.
 * At least as large as the image; if its last row or column falls outside by a rounding error it is 0, as in SciPy.
 */
export function zoomed(image: Planes, factor: number): Planes {
  const [rows, columns] = [zoomAxis(image.height, factor), zoomAxis(image.width, factor)];
  const { channels, height, width } = image;
  const size = rows.length * columns.length;
  const data = new Float64Array(channels * size);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < rows.length; y++) {
      const { at: top, share: down } = rows[y]!;
      if (top < 0) continue;
      const above = (c * height + top) * width;
      const below = down === 0 ? above : above + width;
      for (let x = 0; x < columns.length; x++) {
        const { at: left, share: across } = columns[x]!;
        if (left < 0) continue;
        const right = across === 0 ? left : left + 1;
        const upper = image.data[above + left]! * (1 - across) + image.data[above + right]! * across;
        const lower = image.data[below + left]! * (1 - across) + image.data[below + right]! * across;
        data[c * size + y * columns.length + x] = upper * (1 - down) + lower * down;
      }
    }
  }
  return { channels, height: rows.length, width: columns.length, data };
}

/** For each output the input before it and the share of the next one; `at` is −1 outside. */
function zoomAxis(n: number, factor: number): readonly { readonly at: number; readonly share: number }[] {
  const kept = Math.ceil(n / factor);
  const first = Math.floor((n - kept) / 2);
  const length = roundedToEven(kept * factor);
  const step = length > 1 ? (kept - 1) / (length - 1) : 1;
  return Array.from({ length }, (_, i) => {
    const at = i * step;
    if (at > kept - 1) return { at: -1, share: 0 };
    return { at: first + Math.floor(at), share: at - Math.floor(at) };
  });
}

/** As Python's `round`: a half goes to the even neighbour. */
function roundedToEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}
