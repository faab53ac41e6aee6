/** Colour jitter as torchvision's ColorJitter computes it, in the fixed order of its arguments. */
import type { RandomStream } from "../../tensor/index.js";
import type { Augmentation } from "./augment.js";

/** Factors of one image; 1, 1, 1 and 0 change nothing. */
export interface Jitter {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** In turns. */
  readonly hue: number;
}

/** Weights of red, green and blue in an image's gray (ITU-R BT.601). */
const GRAY = [0.2989, 0.587, 0.114] as const;

/** Draws one number for each requested field. */
export function drawJitter(asked: Augmentation, stream: RandomStream): Jitter {
  const signed = (most: number | undefined): number =>
    most === undefined || most === 0 ? 0 : most * (2 * stream.uniform() - 1);
  return {
    brightness: 1 + signed(asked.brightness),
    contrast: 1 + signed(asked.contrast),
    saturation: 1 + signed(asked.saturation),
    hue: signed(asked.hue),
  };
}

/** Brightness, contrast, saturation, hue, in this order, each clipped to [0, 1]; `[C, H, W]` in place. */
export function jitterColour(
  image: Float32Array,
  { channels, height, width }: { channels: number; height: number; width: number },
  { brightness, contrast, saturation, hue }: Jitter,
): void {
  const plane = height * width;
  if (brightness !== 1) blend(image, () => 0, brightness);
  if (contrast !== 1) {
    let mean = 0;
    for (let p = 0; p < plane; p++) mean += grayOf(image, p, plane, channels) / plane;
    blend(image, () => mean, contrast);
  }
  if (channels !== 3) return;
  if (saturation !== 1) {
    const gray = Float32Array.from({ length: plane }, (_, p) => grayOf(image, p, plane, channels));
    blend(image, (i) => gray[i % plane]!, saturation);
  }
  if (hue !== 0) turnHue(image, plane, hue);
}

function grayOf(image: Float32Array, p: number, plane: number, channels: number): number {
  if (channels !== 3) return image[p]!;
  return GRAY[0] * image[p]! + GRAY[1] * image[p + plane]! + GRAY[2] * image[p + 2 * plane]!;
}

/** x ← clip( factor · x + (1 − factor) · other ) */
function blend(image: Float32Array, other: (i: number) => number, factor: number): void {
  for (let i = 0; i < image.length; i++) {
    image[i] = Math.min(1, Math.max(0, factor * image[i]! + (1 - factor) * other(i)));
  }
}

/** Through HSV: h ← h + turn (mod 1). */
function turnHue(image: Float32Array, plane: number, turn: number): void {
  for (let p = 0; p < plane; p++) {
    const [r, g, b] = [image[p]!, image[p + plane]!, image[p + 2 * plane]!];
    const value = Math.max(r, g, b);
    const range = value - Math.min(r, g, b);
    if (range === 0) continue;
    let sector = value === r ? (g - b) / range : value === g ? 2 + (b - r) / range : 4 + (r - g) / range;
    sector = (((sector / 6 + turn) % 1) + 1) % 1;
    // f(n) of the HSV to RGB formula: value − range · max(0, min(k, 4 − k, 1)).
    for (const [c, n] of [5, 3, 1].entries()) {
      const k = (n + sector * 6) % 6;
      image[p + c * plane] = value - range * Math.max(0, Math.min(k, 4 - k, 1));
    }
  }
}
