/** An image `[C, H, W]` in float64, with one channel or three. */
export interface Planes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float64Array;
}

type Size = Pick<Planes, "height" | "width">;

/** The same size with other numbers. */
export function planesLike(image: Planes, data: Float64Array = new Float64Array(image.data.length)): Planes {
  return { ...image, data };
}

/** Maps each value, in a plain loop because `map` takes several times as long. */
export function mapValues(image: Planes, of: (value: number, index: number) => number): Planes {
  const out = planesLike(image);
  for (let i = 0; i < out.data.length; i++) out.data[i] = of(image.data[i]!, i);
  return out;
}

/** One channel, sharing its numbers. */
export function planeOf({ height, width, data }: Planes, channel: number): Planes {
  const size = height * width;
  return { channels: 1, height, width, data: data.subarray(channel * size, (channel + 1) * size) };
}

/** The same for each channel. */
export function perChannel(image: Planes, of: (plane: Planes) => Float64Array): Planes {
  const out = planesLike(image);
  const size = image.height * image.width;
  for (let c = 0; c < image.channels; c++) out.data.set(of(planeOf(image, c)), c * size);
  return out;
}

/** 0.299 R + 0.587 G + 0.114 B, or the only channel. */
export function grayOf({ channels, height, width, data }: Planes): Float64Array {
  if (channels === 1) return data;
  const size = height * width;
  const gray = new Float64Array(size);
  for (let i = 0; i < size; i++)
    gray[i] = 0.299 * data[i]! + 0.587 * data[size + i]! + 0.114 * data[2 * size + i]!;
  return gray;
}

/** Reflection that repeats the edge: … c b a | a b c … (SciPy's `reflect`). */
export function mirrored(i: number, n: number): number {
  const at = ((i % (2 * n)) + 2 * n) % (2 * n);
  return at < n ? at : 2 * n - 1 - at;
}

/** Reflection that does not: … c b | a b c … (OpenCV's `BORDER_REFLECT_101`). */
export function mirroredInside(i: number, n: number): number {
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const at = ((i % period) + period) % period;
  return at < n ? at : period - at;
}

/** Extends the last pixel (SciPy's `nearest`). */
export function clamped(i: number, n: number): number {
  return Math.min(Math.max(i, 0), n - 1);
}

export type Edge = (i: number, n: number) => number;

/** Pads a plane by `radius` pixels on each side. */
export function padded(
  { height, width, data }: Planes,
  radius: number,
  edge: Edge,
): Size & { data: Float64Array } {
  const [tall, wide] = [height + 2 * radius, width + 2 * radius];
  const out = new Float64Array(tall * wide);
  const columns = Int32Array.from({ length: wide }, (_, x) => edge(x - radius, width));
  for (let y = 0; y < tall; y++) {
    const row = edge(y - radius, height) * width;
    for (let x = 0; x < wide; x++) out[y * wide + x] = data[row + columns[x]!]!;
  }
  return { height: tall, width: wide, data: out };
}
