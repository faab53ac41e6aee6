/** Key regions as pictures of one channel, fitted as the picture is. */
import { fitImage, type Fit } from "./fit.js";
import type { ByteImage } from "./resize.js";

/**
 * Fits a region (255 inside, 0 outside, at the picture's own size) by the very code that fits the picture; a pixel of
 * `out` is 1 when at least half of it is region.
 */
export function fitRegion(region: ByteImage, fit: Fit, out: Uint8Array): void {
  const shares = fitImage(region, { ...fit, channels: 1 });
  for (let i = 0; i < out.length; i++) out[i] = shares[i]! >= 128 ? 1 : 0;
}

/** The nearest pixel of `image` for each of `width` × `height`: no in-between values are made up. */
export function nearest(image: ByteImage, width: number, height: number): ByteImage {
  if (image.width === width && image.height === height) return image;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * image.height) / height) * image.width;
    for (let x = 0; x < width; x++) {
      data[y * width + x] = image.data[row + Math.floor(((x + 0.5) * image.width) / width)]!;
    }
  }
  return { width, height, channels: 1, data };
}
