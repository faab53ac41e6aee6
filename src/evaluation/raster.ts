import type { Raster } from "./result/index.js";

/** Shape `[C, H, W]` of one image. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Encodes one image `[C, H, W]` for display, with 8 bits per value over [minimum, maximum]; values outside
 * are clipped. The error is at most (maximum − minimum) / 510.
 *
 * @throws RangeError if `values` does not match `shape`, or the range is empty.
 */
export function encodeRaster(
  values: Float32Array,
  shape: ImageShape,
  range: { readonly minimum: number; readonly maximum: number } = { minimum: 0, maximum: 1 },
): Raster {
  const { channels, height, width } = shape;
  const { minimum, maximum } = range;
  const area = height * width;
  if (values.length !== channels * area) {
    throw new RangeError(
      `a raster of ${channels} × ${height} × ${width} cannot hold ${values.length} values`,
    );
  }
  if (!(maximum > minimum)) throw new RangeError(`the range ${minimum} … ${maximum} is empty`);
  const bytes = Buffer.alloc(values.length);
  const scale = 255 / (maximum - minimum);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < area; pixel++) {
      const level = Math.round((values[channel * area + pixel]! - minimum) * scale);
      bytes[pixel * channels + channel] = Math.min(255, Math.max(0, level));
    }
  }
  return { height, width, channels, minimum, maximum, data: bytes.toString("base64") };
}

/** An attention map or another non-negative map `[H, W]`, over [0, its largest finite value]; NaN is shown as 0. */
export function encodeMap(values: Float32Array, height: number, width: number): Raster {
  let maximum = 0;
  for (const value of values) if (value > maximum && value < Infinity) maximum = value;
  return encodeRaster(values, { channels: 1, height, width }, { minimum: 0, maximum: maximum || 1 });
}

/** The values of a raster, `[H, W, C]` (channels last, as they are stored). */
export function decodeRaster(raster: Raster): Float32Array {
  const bytes = Buffer.from(raster.data, "base64");
  const scale = (raster.maximum - raster.minimum) / 255;
  return Float32Array.from(bytes, (level) => raster.minimum + level * scale);
}
