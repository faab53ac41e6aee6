import sharp, { type Sharp } from "sharp";
import { refusing } from "../../errors/index.js";
import { checkPlainFile, readFileChecked } from "../../files/index.js";
import type { ByteImage } from "./resize.js";

const refused = refusing("Replace or remove the file, or skip such files with --skip-unreadable.");

/** Larger pictures are refused before decoding: 100 megapixels take 300 MB. */
const MOST_PIXELS = 100_000_000;

/** The supported formats; libvips knows others, which are refused. */
export type ImageFormat = "jpeg" | "png" | "webp";

/** First bytes of each. */
const SIGNATURES: readonly (readonly [format: ImageFormat, matches: (bytes: Uint8Array) => boolean])[] = [
  ["jpeg", (b) => b[0] === 0xff && b[1] === 0xd8 && b[2] === 0xff],
  ["png", (b) => text(b, 1, 4) === "PNG" && b[0] === 0x89],
  ["webp", (b) => text(b, 0, 4) === "RIFF" && text(b, 8, 12) === "WEBP"],
];

const text = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));

/** Unsupported formats, and other content that occurs in files named as pictures. */
const OTHERS: readonly (readonly [what: string, matches: (bytes: Uint8Array) => boolean])[] = [
  ["a GIF", (b) => text(b, 0, 3) === "GIF"],
  ["a BMP", (b) => text(b, 0, 2) === "BM"],
  ["a TIFF", (b) => text(b, 0, 4) === "II*\0" || text(b, 0, 4) === "MM\0*"],
  ["an AVIF or HEIC", (b) => text(b, 4, 8) === "ftyp"],
  ["a Git LFS pointer (git lfs pull gets the image)", (b) => text(b, 0, 23) === "version https://git-lfs"],
];

function otherFormat(bytes: Uint8Array): string {
  const other = OTHERS.find(([, matches]) => matches(bytes));
  return other === undefined ? "" : `${other[0]}, `;
}

/**
 * Decodes a JPEG, PNG or WebP file to 8-bit RGB `[H, W, 3]`, like `PIL.Image.open(path).convert("RGB")`:
 * the EXIF orientation is not applied, colour profiles are ignored, alpha is dropped, gray is repeated,
 * 16 bits become 8, and only the first frame of an animation is read.
 *
 * @throws InputError if the file is missing, of another format, damaged or too large.
 */
export async function decodeImage(path: string): Promise<ByteImage> {
  return decodeBytes(await readFileChecked(path), path);
}

/**
 * {@link decodeImage} of a file's bytes; errors call them `place`.
 *
 * @throws InputError if they are of another format, damaged or too large.
 */
export async function decodeBytes(bytes: Uint8Array, place: string): Promise<ByteImage> {
  if (formatOf(bytes) === undefined) {
    throw refused(
      place,
      bytes.length === 0 ? "is empty" : `is ${otherFormat(bytes)}not a JPEG, PNG or WebP image`,
    );
  }
  try {
    const image = sharp(bytes, {
      failOn: "error",
      limitInputPixels: MOST_PIXELS,
      ignoreIcc: true,
      autoOrient: false,
      pages: 1,
    });
    if ((await image.metadata()).space === "cmyk") return await decodeInk(image);
    const { data, info } = await image
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return withThreeChannels(data, info);
  } catch (cause) {
    const tooLarge = await sizeIfTooLarge(bytes);
    if (tooLarge !== undefined) throw refused(place, tooLarge, cause);
    // libvips keeps one error text for all threads: with concurrent decodes it may be lost or belong to another.
    throw refused(place, "cannot be decoded: it is damaged or truncated", cause);
  }
}

/**
 * Size of a picture in pixels, from its header; errors call it `place`.
 *
 * @throws InputError if it has none, or claims more pixels than would be decoded.
 */
export async function pictureSize(
  encoded: string | Uint8Array,
  place: string,
): Promise<{ readonly width: number; readonly height: number }> {
  if (typeof encoded === "string") checkPlainFile(encoded);
  const { width, height } = await sharp(encoded, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw refused(place, "has no image header", cause);
    });
  const tooLarge = problemOfSize(width, height);
  if (tooLarge !== undefined) throw refused(place, tooLarge);
  return { width, height };
}

/** The supported format that the first bytes indicate. */
export function formatOf(bytes: Uint8Array): ImageFormat | undefined {
  return SIGNATURES.find(([, matches]) => matches(bytes))?.[0];
}

async function sizeIfTooLarge(bytes: Uint8Array): Promise<string | undefined> {
  const { width, height } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => ({ width: 0, height: 0 }));
  return problemOfSize(width, height);
}

function problemOfSize(width: number, height: number): string | undefined {
  if (width * height <= MOST_PIXELS) return undefined;
  return `claims ${width} × ${height} pixels; the limit is ${MOST_PIXELS / 1e6} million`;
}

/**
 * CMYK → RGB like Pillow, without a colour profile (Convert.c, cmyk2rgb): with w = 255 − K,
 * R = w − C w / 255, G and B likewise.
 */
async function decodeInk(image: Sharp): Promise<ByteImage> {
  const { data, info } = await image
    .pipelineColourspace("cmyk")
    .toColourspace("cmyk")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const white = 255 - data[4 * i + 3]!;
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = white - rounded255(data[4 * i + c]! * white);
  }
  return { width, height, channels: 3, data: rgb };
}

/** product / 255, rounded, in integers: Pillow's MULDIV255. */
function rounded255(product: number): number {
  const shifted = product + 128;
  return ((shifted >> 8) + shifted) >> 8;
}

function withThreeChannels(
  data: Uint8Array,
  { width, height, channels }: { width: number; height: number; channels: number },
): ByteImage {
  if (channels === 3) return { width, height, channels, data };
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) rgb.fill(data[i * channels]!, 3 * i, 3 * i + 3);
  return { width, height, channels: 3, data: rgb };
}
