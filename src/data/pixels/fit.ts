/** Converts a decoded image of any size to the `[C, H, W]` bytes of a dataset. */
import { resize, type ByteImage, type Interpolation } from "./resize.js";

/** How an image of another shape becomes `height` × `width`. */
export interface Fit {
  readonly height: number;
  readonly width: number;
  /** 1: gray; 3: red, green, blue. */
  readonly channels: number;
  /**
   * "stretch" changes the aspect ratio; "crop" scales until both sides cover the target, and takes the centre
   * (torchvision's `Resize` and `CenterCrop` for a square).
   */
  readonly mode: "crop" | "stretch";
  readonly interpolation: Interpolation;
  /** Share of the scaled side that the crop keeps: 1, or .875 for the 224 of 256 of ImageNet. */
  readonly cropFraction: number;
}

/** Resized, cropped, and with its channels as planes: `[C, H, W]`. */
export function fitImage(image: ByteImage, fit: Fit): Uint8Array {
  return toPlanes(fit.mode === "stretch" ? stretched(image, fit) : cropped(image, fit), fit.channels);
}

function stretched(image: ByteImage, fit: Fit): ByteImage {
  return resize(image, fit.width, fit.height, fit.interpolation);
}

/** Scales the side that needs it most to `side / cropFraction`, and the other in proportion, truncated. */
function cropped(image: ByteImage, fit: Fit): ByteImage {
  const targetWidth = Math.floor(fit.width / fit.cropFraction);
  const targetHeight = Math.floor(fit.height / fit.cropFraction);
  const byWidth = targetWidth * image.height >= targetHeight * image.width;
  const width = byWidth ? targetWidth : Math.trunc((targetHeight * image.width) / image.height);
  const height = byWidth ? Math.trunc((targetWidth * image.height) / image.width) : targetHeight;
  const left = roundHalfEven((width - fit.width) / 2);
  const top = roundHalfEven((height - fit.height) / 2);
  if (width === image.width && height === image.height) return crop(image, left, top, fit);
  // A very long picture, scaled up as a whole, may not fit into memory.
  const part = { left, top, width: fit.width, height: fit.height };
  return resize(image, width, height, fit.interpolation, undefined, part);
}

/** Python's `round`, which torchvision's CenterCrop uses. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function crop(image: ByteImage, left: number, top: number, fit: Fit): ByteImage {
  const { width, height } = fit;
  if (image.width === width && image.height === height) return image;
  const { channels } = image;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((y + top) * image.width + left) * channels;
    data.set(image.data.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}

/**
 * `[H, W, C]` → `[channels, H, W]`: gray is repeated into three channels, colour becomes the luma of
 * ITU-R 601 with Pillow's rounding, (19595 R + 38470 G + 7471 B + 2¹⁵) / 2¹⁶.
 */
export function toPlanes(image: ByteImage, channels: number): Uint8Array {
  const { data } = image;
  const plane = image.width * image.height;
  const out = new Uint8Array(channels * plane);
  if (image.channels === 1) {
    for (let c = 0; c < channels; c++) out.set(data, c * plane);
  } else if (channels === 1) {
    for (let i = 0; i < plane; i++) {
      out[i] = (19595 * data[3 * i]! + 38470 * data[3 * i + 1]! + 7471 * data[3 * i + 2]! + 0x8000) >>> 16;
    }
  } else {
    for (let i = 0; i < plane; i++) {
      out[i] = data[3 * i]!;
      out[plane + i] = data[3 * i + 1]!;
      out[2 * plane + i] = data[3 * i + 2]!;
    }
  }
  return out;
}

/** `[C, H, W]` → `[H, W, C]`. */
export function fromPlanes(
  planes: Uint8Array,
  { channels, height, width }: Pick<Fit, "channels" | "height" | "width">,
): ByteImage {
  const area = height * width;
  const data =
    channels === 1 ? planes : planes.map((_, i) => planes[(i % channels) * area + Math.floor(i / channels)]!);
  return { width, height, channels, data };
}
