import { extname } from "node:path";
import { InvalidArgumentError } from "commander";
import type { Dataset } from "../data/index.js";

const LOSSY = new Set([".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"]);

/** Output paths for adversarial images; picture formats that would change them are refused. */
export function picturesOrArrays(path: string): string {
  const ending = extname(path).toLowerCase();
  if (!LOSSY.has(ending)) return path;
  throw new InvalidArgumentError(
    `${ending} would lose the perturbation: use .npz (exact) or .png (8 bits per channel).`,
  );
}

export function isPicture(path: string): boolean {
  return extname(path).toLowerCase() === ".png";
}

/**
 * Writes images `[N, C, H, W]` in [0, 1] as PNGs, each pixel rounded to the nearest of 256 levels: one image as `path`,
 * several as `name-01.png`, `name-02.png`, …. Returns the files. A link at the path is followed; links at numbered names, which
 * nobody typed, are replaced.
 *
 * @throws InputError if they cannot be written.
 */
export async function writePictures(
  path: string,
  { length, channels, height, width }: Pick<Dataset, "length" | "channels" | "height" | "width">,
  images: Float32Array,
): Promise<string[]> {
  const { replaceFile, writeFileAtomic } = await import("../files/index.js");
  const digits = String(length).length;
  const size = channels * height * width;
  const files: string[] = [];
  for (let n = 0; n < length; n++) {
    const file = length === 1 ? path : numbered(path, String(n + 1).padStart(digits, "0"));
    const write = length === 1 ? writeFileAtomic : replaceFile;
    await write(
      file,
      await pictureBytes({ channels, height, width }, images.subarray(n * size, (n + 1) * size)),
    );
    files.push(file);
  }
  return files;
}

/** One image `[C, H, W]` as a PNG with 8 bits per channel. */
export async function pictureBytes(
  { channels, height, width }: Pick<Dataset, "channels" | "height" | "width">,
  image: Float32Array,
): Promise<Uint8Array> {
  const [{ default: sharp }, { pixelBytes }] = await Promise.all([
    import("sharp"),
    import("../data/index.js"),
  ]);
  return sharp(pixelBytes(image, { channels, height, width }), {
    raw: { width, height, channels: channels as 1 | 3 },
  })
    .png()
    .toBuffer();
}

function numbered(path: string, number: string): string {
  const ending = extname(path);
  return `${path.slice(0, -ending.length)}-${number}${ending}`;
}
