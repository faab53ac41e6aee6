import type { CorruptionScale } from "./names.js";

/** Five numbers or tuples, one per severity. */
type Five<T> = readonly [T, T, T, T, T];

/** The parameters of every kind at every severity, in the reference's units. A kind without them does not compile. */
export interface Strengths {
  /** Deviation of the noise, for pixels in [0, 1]. */
  readonly gaussian_noise: Five<number>;
  /** Photons per white pixel. */
  readonly shot_noise: Five<number>;
  /** Share of the values that become 0 or 1. */
  readonly impulse_noise: Five<number>;
  readonly defocus_blur: Five<readonly [radius: number, sigma: number]>;
  readonly glass_blur: Five<readonly [sigma: number, reach: number, rounds: number]>;
  readonly motion_blur: Five<readonly [radius: number, sigma: number]>;
  /** Zoom factors from 1: below `end`, `step` apart. */
  readonly zoom_blur: Five<readonly [end: number, step: number]>;
  readonly snow: Five<
    readonly [
      mean: number,
      deviation: number,
      zoom: number,
      least: number,
      radius: number,
      sigma: number,
      keep: number,
    ]
  >;
  readonly frost: Five<readonly [image: number, ice: number]>;
  readonly fog: Five<readonly [strength: number, decay: number]>;
  /** Added to the value in HSV. */
  readonly brightness: Five<number>;
  /** Factor on the distance to the mean. */
  readonly contrast: Five<number>;
  /** Factor of the smoothed displacement. */
  readonly elastic_transform: Five<number>;
  /** Share of the side. */
  readonly pixelate: Five<number>;
  /** JPEG quality. */
  readonly jpeg_compression: Five<number>;
}

/**
 * The reference's numbers: ImageNet-C from `imagecorruptions` 1.1.2; Tiny-ImageNet-C and CIFAR-10-C from
 * `make_tinyimagenet_c.py` and `make_cifar_c.py` of hendrycks/robustness. Their affine map before the elastic one is not
 * applied: all scales share the procedures of `imagecorruptions` and its elastic numbers.
 */
export const STRENGTHS: Readonly<Record<CorruptionScale, Strengths>> = {
  imagenet: {
    gaussian_noise: [0.08, 0.12, 0.18, 0.26, 0.38],
    shot_noise: [60, 25, 12, 5, 3],
    impulse_noise: [0.03, 0.06, 0.09, 0.17, 0.27],
    defocus_blur: [[3, 0.1], [4, 0.5], [6, 0.5], [8, 0.5], [10, 0.5]], // prettier-ignore
    glass_blur: [[0.7, 1, 2], [0.9, 2, 1], [1, 2, 3], [1.1, 3, 2], [1.5, 4, 2]], // prettier-ignore
    motion_blur: [[10, 3], [15, 5], [15, 8], [15, 12], [20, 15]], // prettier-ignore
    zoom_blur: [[1.11, 0.01], [1.16, 0.01], [1.21, 0.02], [1.26, 0.02], [1.31, 0.03]], // prettier-ignore
    snow: [
      [0.1, 0.3, 3, 0.5, 10, 4, 0.8],
      [0.2, 0.3, 2, 0.5, 12, 4, 0.7],
      [0.55, 0.3, 4, 0.9, 12, 8, 0.7],
      [0.55, 0.3, 4.5, 0.85, 12, 8, 0.65],
      [0.55, 0.3, 2.5, 0.85, 12, 12, 0.55],
    ],
    frost: [[1, 0.4], [0.8, 0.6], [0.7, 0.7], [0.65, 0.7], [0.6, 0.75]], // prettier-ignore
    fog: [[1.5, 2], [2, 2], [2.5, 1.7], [2.5, 1.5], [3, 1.4]], // prettier-ignore
    brightness: [0.1, 0.2, 0.3, 0.4, 0.5],
    contrast: [0.4, 0.3, 0.2, 0.1, 0.05],
    elastic_transform: [250 * 0.05, 250 * 0.065, 250 * 0.085, 250 * 0.1, 250 * 0.12],
    pixelate: [0.6, 0.5, 0.4, 0.3, 0.25],
    jpeg_compression: [25, 18, 15, 10, 7],
  },
  "tiny-imagenet": {
    gaussian_noise: [0.04, 0.08, 0.12, 0.15, 0.18],
    shot_noise: [250, 100, 50, 30, 15],
    impulse_noise: [0.01, 0.02, 0.05, 0.08, 0.14],
    defocus_blur: [[0.5, 0.6], [1, 0.1], [1.5, 0.1], [2.5, 0.01], [3, 0.1]], // prettier-ignore
    glass_blur: [[0.1, 1, 1], [0.5, 1, 1], [0.6, 1, 2], [0.7, 2, 1], [0.9, 2, 2]], // prettier-ignore
    motion_blur: [[10, 1], [10, 1.5], [10, 2], [10, 2.5], [12, 3]], // prettier-ignore
    zoom_blur: [[1.06, 0.01], [1.11, 0.01], [1.16, 0.01], [1.21, 0.01], [1.26, 0.01]], // prettier-ignore
    snow: [
      [0.1, 0.2, 1, 0.6, 8, 3, 0.8],
      [0.1, 0.2, 1, 0.5, 10, 4, 0.8],
      [0.15, 0.3, 1.75, 0.55, 10, 4, 0.7],
      [0.25, 0.3, 2.25, 0.6, 12, 6, 0.65],
      [0.3, 0.3, 1.25, 0.65, 14, 12, 0.6],
    ],
    frost: [[1, 0.3], [0.9, 0.4], [0.8, 0.45], [0.75, 0.5], [0.7, 0.55]], // prettier-ignore
    fog: [[0.4, 3], [0.7, 3], [1, 2.5], [1.5, 2], [2, 1.75]], // prettier-ignore
    brightness: [0.1, 0.2, 0.3, 0.4, 0.5],
    contrast: [0.4, 0.3, 0.2, 0.1, 0.05],
    elastic_transform: [250 * 0.05, 250 * 0.065, 250 * 0.085, 250 * 0.1, 250 * 0.12],
    pixelate: [0.9, 0.8, 0.7, 0.6, 0.5],
    jpeg_compression: [65, 58, 50, 40, 25],
  },
  cifar: {
    gaussian_noise: [0.04, 0.06, 0.08, 0.09, 0.1],
    shot_noise: [500, 250, 100, 75, 50],
    impulse_noise: [0.01, 0.02, 0.03, 0.05, 0.07],
    defocus_blur: [[0.3, 0.4], [0.4, 0.5], [0.5, 0.6], [1, 0.2], [1.5, 0.1]], // prettier-ignore
    glass_blur: [[0.05, 1, 1], [0.25, 1, 1], [0.4, 1, 1], [0.25, 1, 2], [0.4, 1, 2]], // prettier-ignore
    motion_blur: [[6, 1], [6, 1.5], [6, 2], [8, 2], [9, 2.5]], // prettier-ignore
    zoom_blur: [[1.06, 0.01], [1.11, 0.01], [1.16, 0.01], [1.21, 0.01], [1.26, 0.01]], // prettier-ignore
    snow: [
      [0.1, 0.2, 1, 0.6, 8, 3, 0.95],
      [0.1, 0.2, 1, 0.5, 10, 4, 0.9],
      [0.15, 0.3, 1.75, 0.55, 10, 4, 0.9],
      [0.25, 0.3, 2.25, 0.6, 12, 6, 0.85],
      [0.3, 0.3, 1.25, 0.65, 14, 12, 0.8],
    ],
    frost: [[1, 0.2], [1, 0.3], [0.9, 0.4], [0.85, 0.4], [0.75, 0.45]], // prettier-ignore
    fog: [[0.2, 3], [0.5, 3], [0.75, 2.5], [1, 2], [1.5, 1.75]], // prettier-ignore
    brightness: [0.05, 0.1, 0.15, 0.2, 0.3],
    contrast: [0.75, 0.5, 0.4, 0.3, 0.15],
    elastic_transform: [250 * 0.05, 250 * 0.065, 250 * 0.085, 250 * 0.1, 250 * 0.12],
    pixelate: [0.95, 0.9, 0.85, 0.75, 0.65],
    jpeg_compression: [80, 65, 58, 50, 40],
  },
};
