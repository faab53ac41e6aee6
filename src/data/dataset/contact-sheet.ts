import sharp from "sharp";
import { createGenerator } from "../../tensor/index.js";
import { pixelBytes } from "../pixels/index.js";
import type { Dataset } from "./dataset.js";
import { indicesByClass, shuffled } from "./select.js";

export interface ContactSheetOptions {
  /** Images per class, with one row per class; 8 by default. */
  readonly perClass?: number;
  readonly seed?: number;
}

/** Side of a thumbnail in pixels, and the gap between two. */
const THUMBNAIL = 72;
const GAP = 4;

/** A PNG with one row of random images per class: how a model sees the dataset. */
export async function contactSheet(dataset: Dataset, options: ContactSheetOptions = {}): Promise<Uint8Array> {
  const { perClass = 8, seed = 0 } = options;
  const stream = createGenerator(seed).stream("data/contact-sheet");
  const rows = indicesByClass(dataset).map((group) => shuffled(group, stream).slice(0, perClass));
  const tiles: { input: Buffer; left: number; top: number }[] = [];
  for (const [row, indices] of rows.entries()) {
    for (const [column, index] of indices.entries()) {
      const place = (at: number): number => GAP + at * (THUMBNAIL + GAP);
      tiles.push({ input: await thumbnail(dataset, index), left: place(column), top: place(row) });
    }
  }
  const length = (count: number): number => GAP + count * (THUMBNAIL + GAP);
  return sharp({
    create: { width: length(perClass), height: length(rows.length), channels: 3, background: "#ffffff" },
  })
    .composite(tiles)
    .png()
    .toBuffer();
}

async function thumbnail(dataset: Dataset, index: number): Promise<Buffer> {
  const { channels, height, width } = dataset;
  const planes = new Float32Array(channels * height * width);
  await dataset.read(index, planes);
  return sharp(pixelBytes(planes, dataset, 3), { raw: { width, height, channels: 3 } })
    .resize(THUMBNAIL, THUMBNAIL, { fit: "contain", kernel: "nearest", background: "#ffffff" })
    .png()
    .toBuffer();
}
