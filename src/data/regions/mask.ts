/** Masks drawn by a user: pictures, black outside the region, of the same size as their picture or smaller. */
import sharp from "sharp";
import { InputError, refusing } from "../../errors/index.js";
import { readFileChecked } from "../../files/index.js";
import { decodeBytes, formatOf, nearest, type ByteImage, type Size } from "../pixels/index.js";

const refused = refusing(
  "Save the mask as an 8-bit PNG of the image's size, black outside the region, or remove it.",
);

/**
 * 255 where the mask is not black, 0 elsewhere, at the size of its picture.
 *
 * @throws InputError as {@link checkMask}, and if it cannot be decoded.
 */
export async function readMask(path: string, size: Size): Promise<ByteImage> {
  const bytes = await checkMask(path, size);
  const { width, height, data } = await decodeBytes(bytes, path).catch((cause: unknown) => {
    throw cause instanceof InputError ? refused(path, cause.problem, cause) : cause;
  });
  const marked = new Uint8Array(width * height);
  for (let i = 0; i < marked.length; i++) {
    marked[i] = data[3 * i]! + data[3 * i + 1]! + data[3 * i + 2]! > 0 ? 255 : 0;
  }
  return nearest({ width, height, channels: 1, data: marked }, size.width, size.height);
}

/**
 * The mask's bytes.
 *
 * @throws InputError for a mask that is not a picture, has lost its exact values (JPEG) or would lose them (more than
 *   8 bits), or has another aspect ratio than its picture.
 */
export async function checkMask(path: string, size: Size): Promise<Uint8Array> {
  const bytes = await readFileChecked(path);
  const format = formatOf(bytes);
  if (format === undefined) throw refused(path, "is not a PNG or WebP image");
  if (format === "jpeg") throw refused(path, "is a JPEG image, whose compression blurs the region's edges");
  const { width, height, depth } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw refused(path, "cannot be decoded: it is damaged or truncated", cause);
    });
  if (depth !== "uchar") throw refused(path, "has more than 8 bits per channel");
  // The tolerance covers rounding of each side.
  if (Math.abs(width * size.height - height * size.width) > size.width + size.height) {
    throw refused(
      path,
      `has ${width} × ${height} pixels, another aspect ratio than its image's ${size.width} × ${size.height}`,
    );
  }
  return bytes;
}
