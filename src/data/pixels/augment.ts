/**
 * Augmentation of training images. Every draw comes from the stream at (epoch, image), so an image
 * looks the same in the same epoch whatever the batch, the worker or the number of workers.
 */
import { UsageError } from "../../errors/index.js";
import type { RandomGenerator, RandomStream } from "../../tensor/index.js";
import { sampleAffine, type Affine, type Shape } from "./affine.js";
import { drawJitter, jitterColour } from "./colour-jitter.js";

/** How to augment training images; an absent field does nothing. */
export interface Augmentation {
  /** Zero padding, in pixels, of a random crop back to the same size (He et al. 2016: 4 for 32²). */
  readonly cropPadding?: number | undefined;
  /** Random resized crop (Szegedy et al. 2015): share of the area, and aspect ratio. */
  readonly resizedCrop?:
    { readonly area: readonly [number, number]; readonly ratio?: readonly [number, number] } | undefined;
  /** Probability of a mirror image; 0 by default. */
  readonly horizontalFlip?: number | undefined;
  /** Largest rotation in either direction, in degrees. */
  readonly rotation?: number | undefined;
  /** Largest shift in either direction, as a share of the side. */
  readonly translation?: number | undefined;
  /** Brightness is multiplied by a factor in [1 − b, 1 + b]. */
  readonly brightness?: number | undefined;
  /** Contrast about the image's mean gray is multiplied by a factor in [1 − c, 1 + c]. */
  readonly contrast?: number | undefined;
  /** Distance of each pixel from its gray is multiplied by a factor in [1 − s, 1 + s]; colour images only. */
  readonly saturation?: number | undefined;
  /** Largest shift of the hue in either direction, in turns of the colour circle, at most 0.5; colour images only. */
  readonly hue?: number | undefined;
}

/** Augments one image: `pixels` bytes `[C, H, W]` → `out` `[C, H, W]` in [0, 1]. */
export type Augmenter = (pixels: Uint8Array, out: Float32Array, epoch: number, image: number) => void;

/**
 * The augmenter of `augmentation` for images of `shape`. Geometry is one affine map sampled
 * bilinearly, zero outside the image; whole-pixel shifts and flips stay exact.
 *
 * @throws UsageError for a value out of range.
 */
export function createAugmenter(
  augmentation: Augmentation,
  shape: Shape,
  random: RandomGenerator,
): Augmenter {
  checkAugmentation(augmentation);
  return (pixels, out, epoch, image) => {
    const stream = random.stream("data/augment", epoch, image);
    sampleAffine(pixels, out, shape, drawAffine(augmentation, shape, stream));
    jitterColour(out, shape, drawJitter(augmentation, stream));
  };
}

/** @throws UsageError naming a field that is out of range. */
export function checkAugmentation(augmentation: Augmentation): void {
  const { cropPadding = 0, resizedCrop, horizontalFlip = 0, rotation = 0 } = augmentation;
  const require = (ok: boolean, field: string, rule: string, found: unknown): void => {
    if (ok) return;
    throw new UsageError({
      place: `augmentation.${field}`,
      problem: `must be ${rule}, found ${String(found)}`,
    });
  };
  require(Number.isInteger(cropPadding) &&
    cropPadding >= 0, "cropPadding", "a whole number of pixels", cropPadding);
  require(horizontalFlip >= 0 && horizontalFlip <= 1, "horizontalFlip", "a probability", horizontalFlip);
  require(rotation >= 0 && rotation <= 180, "rotation", "from 0 to 180 degrees", rotation);
  for (const field of ["translation", "brightness", "contrast", "saturation"] as const) {
    const value = augmentation[field] ?? 0;
    require(value >= 0 && value <= 1, field, "from 0 to 1", value);
  }
  const { hue = 0 } = augmentation;
  require(hue >= 0 && hue <= 0.5, "hue", "from 0 to 0.5 turns", hue);
  if (resizedCrop === undefined) return;
  const [smallest, largest] = resizedCrop.area;
  require(smallest > 0 &&
    smallest <= largest &&
    largest <= 1, "resizedCrop.area", "two increasing fractions in (0, 1]", resizedCrop.area);
  const [narrow, wide] = resizedCrop.ratio ?? DEFAULT_RATIO;
  require(narrow > 0 && narrow <= wide, "resizedCrop.ratio", "two increasing ratios above 0", [narrow, wide]);
}

const DEFAULT_RATIO = [3 / 4, 4 / 3] as const;

/** One draw of the geometry, in the order crop, shift, flip, rotation. */
function drawAffine(augmentation: Augmentation, shape: Shape, stream: RandomStream): Affine {
  const { height, width } = shape;
  const map: Affine = { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 };
  const { cropPadding = 0, resizedCrop, horizontalFlip = 0, rotation = 0, translation = 0 } = augmentation;
  if (resizedCrop !== undefined) drawResizedCrop(map, resizedCrop, shape, stream);
  if (cropPadding > 0) {
    map.x0 += stream.integer(2 * cropPadding + 1) - cropPadding;
    map.y0 += stream.integer(2 * cropPadding + 1) - cropPadding;
  }
  if (translation > 0) {
    map.x0 += signed(stream) * translation * width;
    map.y0 += signed(stream) * translation * height;
  }
  if (horizontalFlip > 0 && stream.uniform() < horizontalFlip) {
    map.x0 += map.xx * width;
    map.xx = -map.xx;
  }
  if (rotation > 0) rotate(map, (signed(stream) * rotation * Math.PI) / 180, width / 2, height / 2);
  return map;
}

/** Uniform in [−1, 1). */
function signed(stream: RandomStream): number {
  return 2 * stream.uniform() - 1;
}

/**
 * A box of random area and (log-uniform) aspect ratio inside the image; the largest one after ten misses.
 * Its position and sides are not whole pixels, so pixels beyond its edge contribute to the edge.
 */
function drawResizedCrop(
  map: Affine,
  crop: NonNullable<Augmentation["resizedCrop"]>,
  { height, width }: Shape,
  stream: RandomStream,
): void {
  const [smallest, largest] = crop.area;
  const [narrow, wide] = crop.ratio ?? DEFAULT_RATIO;
  let boxWidth = width;
  let boxHeight = height;
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * (smallest + (largest - smallest) * stream.uniform());
    const ratio = Math.exp(Math.log(narrow) + (Math.log(wide) - Math.log(narrow)) * stream.uniform());
    const w = Math.sqrt(area * ratio);
    const h = Math.sqrt(area / ratio);
    if (w > width || h > height) continue;
    [boxWidth, boxHeight] = [w, h];
    break;
  }
  map.xx = boxWidth / width;
  map.yy = boxHeight / height;
  map.x0 = stream.uniform() * (width - boxWidth);
  map.y0 = stream.uniform() * (height - boxHeight);
}

/** Composes `map` with a rotation of the output about (cx, cy). */
function rotate(map: Affine, angle: number, cx: number, cy: number): void {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const { xx, yy } = map;
  // The centre of the output stays fixed.
  map.x0 += xx * (cx - cos * cx + sin * cy);
  map.y0 += yy * (cy - sin * cx - cos * cy);
  [map.xx, map.xy] = [xx * cos, -xx * sin];
  [map.yx, map.yy] = [yy * sin, yy * cos];
}
