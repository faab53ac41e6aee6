import sharp from "sharp";
import { pixelBytes } from "../data/index.js";
import { upsample, type ImageShape } from "../evaluation/index.js";
import { heat } from "../report/index.js";
import type { Maps } from "./explainer.js";

/** Smallest side in pixels: smaller images are enlarged without smoothing, so that pixels stay visible. */
const LEAST_SIDE = 224;
/** Opacity of the overlay where the map is 0, and where it is greatest. */
const COVER = [0.35, 0.8] as const;
/** Quantile at which the colours end; otherwise a single pixel of a gradient would darken all others. */
const BRIGHTEST = 0.995;

/** One image `[C, H, W]` in [0, 1] as the bytes of a PNG. */
export function imagePicture(image: Float32Array, shape: ImageShape): Promise<Buffer> {
  return png(pixelBytes(image, shape, 3), shape);
}

/**
 * A map over the grayed image, from dark (0) to yellow (its greatest values), as the bytes of a PNG: bilinear between
 * the centres of the map's cells.
 */
export function overlayPicture(
  image: Float32Array,
  shape: ImageShape,
  { data, height, width }: Maps,
): Promise<Buffer> {
  const whole = upsample(data, [height, width], [shape.height, shape.width]);
  const sorted = Float32Array.from(whole).sort();
  const most = sorted[Math.floor(BRIGHTEST * (sorted.length - 1))]! || sorted.at(-1)!;
  const pixels = pixelBytes(image, shape, 3);
  whole.forEach((value, i) => {
    const share = most > 0 ? Math.min(1, value / most) : 0;
    const cover = COVER[0] + (COVER[1] - COVER[0]) * share;
    const gray = (pixels[3 * i]! + pixels[3 * i + 1]! + pixels[3 * i + 2]!) / 3;
    heat(share).forEach(
      (channel, c) => (pixels[3 * i + c] = Math.round((1 - cover) * gray + cover * channel)),
    );
  });
  return png(pixels, shape);
}

function png(pixels: Uint8Array, { height, width }: ImageShape): Promise<Buffer> {
  const factor = Math.max(1, Math.ceil(LEAST_SIDE / Math.max(height, width)));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(width * factor, height * factor, { kernel: "nearest" })
    .png()
    .toBuffer();
}
