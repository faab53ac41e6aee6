/** Key regions are one-channel pictures, fitted like their picture. */
import { fitImage, type Fit } from "./fit.js";
import type { ByteImage } from "./resize.js";

/**
 * Fits a region (255 inside, 0 outside, at the picture's own size) with the same code as the picture. A pixel of
 * `out` is 1 if at least half of it is in the region.
 */
export function fitRegion(region: ByteImage, fit: Fit, out: Uint8Array): void {
  const shares = fitImage(region, { ...fit, channels: 1 });
  for (let i = 0; i < out.length; i++) out[i] = shares[i]! >= 128 ? 1 : 0;
}

/** Nearest-neighbour resampling of `image` to `width` × `height`, which creates no intermediate values. */
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
