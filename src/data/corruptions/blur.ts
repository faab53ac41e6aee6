import type { RandomStream } from "../../tensor/index.js";
import { correlate, diskKernel, gaussianBlur, motionBlur, zoomed } from "./filters.js";
import { clamped, mapValues, perChannel, planesLike, type Planes } from "./planes.js";

export function defocusBlur(image: Planes, [radius, sigma]: readonly [number, number]): Planes {
  const kernel = diskKernel(radius, sigma);
  return perChannel(image, (plane) => correlate(plane, kernel));
}

/**
 * Smooths, replaces each pixel by one near it, then smooths again. In the paper pixels swap places; the
 * reference copies one onto the other (NumPy's views are not copies), and so does this.
 */
export function glassBlur(
  image: Planes,
  [sigma, reach, rounds]: readonly [number, number, number],
  random: RandomStream,
): Planes {
  const smooth = (from: Planes): Planes =>
    perChannel(from, (plane) => gaussianBlur(plane, [sigma, sigma], clamped));
  const pixels = mapValues(smooth(image), (value) => Math.floor(value * 255));
  const { channels, height, width, data } = pixels;
  for (let round = 0; round < rounds; round++) {
    for (let y = height - reach; y > reach; y--) {
      for (let x = width - reach; x > reach; x--) {
        const dx = random.integer(2 * reach) - reach;
        const dy = random.integer(2 * reach) - reach;
        for (let c = 0; c < channels; c++) {
          const row = c * height;
          data[(row + y) * width + x] = data[(row + y + dy) * width + x + dx]!;
        }
      }
    }
  }
  return smooth(mapValues(pixels, (value) => value / 255));
}

/** Along a line within 45 degrees of the horizontal. */
export function motion(
  image: Planes,
  [radius, sigma]: readonly [number, number],
  random: RandomStream,
): Planes {
  const angle = -45 + 90 * random.uniform();
  return planesLike(image, motionBlur(image, radius, sigma, angle));
}

/** The mean of the image and of its enlargements. */
export function zoomBlur(image: Planes, [end, step]: readonly [number, number]): Planes {
  // Counts and steps like NumPy's arange.
  const count = Math.ceil((end - 1) / step);
  const apart = 1 + step - 1;
  const { height, width } = image;
  const sum = image.data.slice();
  for (let i = 0; i < count; i++) {
    const layer = zoomed(image, 1 + i * apart);
    for (let row = 0; row < image.channels * height; row++) {
      const from = (Math.floor(row / height) * layer.height + (row % height)) * layer.width;
      for (let x = 0; x < width; x++) sum[row * width + x] = sum[row * width + x]! + layer.data[from + x]!;
    }
  }
  return mapValues(planesLike(image, sum), (value) => value / (count + 1));
}
