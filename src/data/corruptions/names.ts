/** The kinds of ImageNet-C, in a file that loads no image code. */

/** In the paper's order (Hendrycks & Dietterich 2019, arXiv:1903.12261, Figure 1): noise, blur, weather, digital. */
export const CORRUPTIONS = [
  "gaussian_noise",
  "shot_noise",
  "impulse_noise",
  "defocus_blur",
  "glass_blur",
  "motion_blur",
  "zoom_blur",
  "snow",
  "frost",
  "fog",
  "brightness",
  "contrast",
  "elastic_transform",
  "pixelate",
  "jpeg_compression",
] as const;

/** One of the fifteen corruptions. */
export type Corruption = (typeof CORRUPTIONS)[number];

/** From mild to strong. */
export const SEVERITIES = [1, 2, 3, 4, 5] as const;

/** How strong a corruption is, from 1 to 5. */
export type Severity = (typeof SEVERITIES)[number];

/** The benchmark that defines the strengths: ImageNet-C, Tiny-ImageNet-C or CIFAR-10-C. */
export type CorruptionScale = "imagenet" | "tiny-imagenet" | "cifar";

/**
 * The strengths that fit a size, by the shorter side: those of CIFAR-10-C (32 pixels) below 48, those of Tiny-ImageNet-C
 * (64 pixels) below 128, and those of ImageNet-C (224 pixels) from 128 up.
 */
export function scaleFor(height: number, width: number): CorruptionScale {
  const side = Math.min(height, width);
  return side < 48 ? "cifar" : side < 128 ? "tiny-imagenet" : "imagenet";
}
