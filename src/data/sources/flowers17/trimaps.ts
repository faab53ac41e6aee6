/** The trimaps of the Flowers datasets, which mark the pixels of the flower. */
import { existsSync } from "node:fs";
import {
  decodeImage,
  fitRegion,
  nearest,
  pictureSize,
  type ByteImage,
  type Fit,
} from "../../pixels/index.js";

/**
 * Writes the mask of the picture at `picturePath` into `out` (`[H, W]` in {0, 1}): the trimap is scaled to the
 * picture's own size (the owners' are smaller), then fitted with the same code as the picture. A pixel is 1 if
 * at least half of it is flower. All 0 without a trimap, or if it shows no flower.
 *
 * @throws InputError if the trimap cannot be decoded.
 */
export async function readTrimap(
  trimapPath: string,
  picturePath: string,
  fit: Fit,
  out: Uint8Array,
): Promise<void> {
  if (!existsSync(trimapPath)) return void out.fill(0);
  const trimap = flowerOf(await decodeImage(trimapPath));
  const { width, height } = await pictureSize(picturePath, picturePath);
  fitRegion(nearest(trimap, width, height), fit, out);
}

/**
 * 255 where a trimap shows the flower, 0 elsewhere. In the owners' trimaps the flower is dark red (128, 0, 0), the
 * background olive or blue, ambiguous areas gray, and the border between two regions black.
 */
function flowerOf({ width, height, data }: ByteImage): ByteImage {
  const flower = new Uint8Array(width * height);
  for (let i = 0; i < flower.length; i++) {
    const [red, green, blue] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!];
    flower[i] = red >= 64 && green < 64 && blue < 64 ? 255 : 0;
  }
  return { width, height, channels: 1, data: flower };
}
