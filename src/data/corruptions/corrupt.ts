import { UsageError } from "../../errors/index.js";
import type { RandomGenerator, RandomStream } from "../../tensor/index.js";
import type { ByteImage } from "../pixels/index.js";
import { defocusBlur, glassBlur, motion, zoomBlur } from "./blur.js";
import { brightness, contrast, elasticTransform, jpegCompression, pixelate } from "./digital.js";
import { scaleFor, type Corruption, type CorruptionScale, type Severity } from "./names.js";
import { gaussianNoise, impulseNoise, shotNoise } from "./noise.js";
import type { Planes } from "./planes.js";
import { STRENGTHS, type Strengths } from "./strengths.js";
import { fog, frost, snow } from "./weather.js";

/** Which corruption to apply to an image, and with which draws. */
export interface CorruptOptions {
  readonly corruption: Corruption;
  readonly severity: Severity;
  readonly random: RandomGenerator;
  /** Place of the image in its dataset, which addresses the draws. */
  readonly index: number;
  /** Pictures of frost, RGB: `frostTextures()` or your own. */
  readonly textures: readonly ByteImage[];
  /** By default from the size of the image. */
  readonly scale?: CorruptionScale | undefined;
}

/** Smallest height and width for which the procedures are defined. */
const LEAST_SIDE = 8;

type Procedures = {
  readonly [Kind in Corruption]: (
    image: Planes,
    strength: Strengths[Kind][number],
    random: RandomStream,
    textures: readonly ByteImage[],
  ) => Planes | Promise<Planes>;
};

const PROCEDURES: Procedures = {
  gaussian_noise: gaussianNoise,
  shot_noise: shotNoise,
  impulse_noise: impulseNoise,
  defocus_blur: defocusBlur,
  glass_blur: glassBlur,
  motion_blur: motion,
  zoom_blur: zoomBlur,
  snow,
  frost,
  fog,
  brightness,
  contrast,
  elastic_transform: elasticTransform,
  pixelate,
  jpeg_compression: jpegCompression,
};

/**
 * Applies one of ImageNet-C's corruptions (Hendrycks & Dietterich 2019, arXiv:1903.12261) as the Python package
 * `imagecorruptions` does to an 8-bit image of the same size. With the same draws the two differ by at most one gray
 * level (`corruptions.test.ts` says where). An image with one channel is corrupted directly; the package repeats it three times.
 *
 * @param image `[C, H, W]` in [0, 1], one channel or three; rounded to gray levels first.
 * @returns the same shape, in whole gray levels, rounded down as in the package.
 * @throws UsageError for other channels, or a side below 8 pixels.
 */
export async function corrupt(
  image: Float32Array,
  shape: { readonly channels: number; readonly height: number; readonly width: number },
  options: CorruptOptions,
): Promise<Float32Array> {
  checkCorruptible(shape);
  const { corruption, severity, random, index, textures } = options;
  const strengths = STRENGTHS[options.scale ?? scaleFor(shape.height, shape.width)];
  const data = new Float64Array(image.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.round(255 * image[i]!) / 255;
  const stream = random.stream(`corruption ${corruption} ${severity}`, index);
  const procedure = PROCEDURES[corruption] as Procedures["gaussian_noise"];
  const strength = strengths[corruption][severity - 1] as Strengths["gaussian_noise"][number];
  const corrupted = await procedure({ ...shape, data }, strength, stream, textures);
  const out = new Float32Array(image.length);
  for (let i = 0; i < out.length; i++)
    out[i] = Math.floor(Math.min(Math.max(corrupted.data[i]!, 0), 1) * 255) / 255;
  return out;
}

/** @throws UsageError for images for which the corruptions are not defined. */
export function checkCorruptible({
  channels,
  height,
  width,
}: Pick<Planes, "channels" | "height" | "width">): void {
  if ((channels === 1 || channels === 3) && Math.min(height, width) >= LEAST_SIDE) return;
  throw new UsageError({
    place: "corruptions",
    problem: `are defined for images of 1 or 3 channels and at least ${LEAST_SIDE} pixels a side, found ${channels} × ${height} × ${width}`,
    remedy: "Leave them out for this model.",
  });
}
