import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { smallFixture, SMALL_SIZE } from "./small-network.js";

/** The small network's images as PNG files in `folder`, a folder for each class that `nameOf` names. */
export async function writeSmallPhotos(
  folder: string,
  nameOf: (label: number) => string | undefined = (label) => "abc"[label],
): Promise<void> {
  const images = smallFixture("images").data as Float32Array;
  const labels = smallFixture("labels").data as Int32Array;
  for (const [i, label] of labels.entries()) {
    const name = nameOf(label);
    if (name === undefined) continue;
    await mkdir(join(folder, name), { recursive: true });
    const size = SMALL_SIZE * SMALL_SIZE;
    const pixels = Buffer.from(images.subarray(i * size, (i + 1) * size).map((x) => Math.round(255 * x)));
    const raw = { width: SMALL_SIZE, height: SMALL_SIZE, channels: 1 } as const;
    await sharp(pixels, { raw })
      .toColourspace("b-w")
      .png()
      .toFile(join(folder, name, `${i}.png`));
  }
}
