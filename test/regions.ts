import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterEach, beforeEach } from "vitest";
import { openDataset, type Dataset, type OpenOptions } from "../src/data/index.js";

/** Where the pictures of the test under way lie. */
export const folder = { path: "" };

/** Before each test of the file: cat/1.png, cat/2.png, dog/1.png and dog/2.png in a folder of its own. */
export function inFolderOfPictures(): void {
  beforeEach(async () => {
    folder.path = await mkdtemp(join(tmpdir(), "holdfast-regions-"));
    for (const name of ["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"]) await put(name, await picture());
  });
  afterEach(() => rm(folder.path, { recursive: true }));
}

/** Writes a file of the folder. */
export async function put(name: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(folder.path, name)), { recursive: true });
  await writeFile(join(folder.path, name), bytes);
}

/** 12 wide and 8 high; its middle square is columns 2 … 9. */
export const picture = (width = 12, height = 8): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: "#346" } })
    .png()
    .toBuffer();

/** A gray picture drawn in lines: a dot is 0, a digit its value. */
export const drawn = (...lines: readonly string[]): Sharp =>
  sharp(Buffer.from(lines.flatMap((line) => Array.from(line, (dot) => (dot === "." ? 0 : Number(dot))))), {
    raw: { width: lines[0]!.length, height: lines.length, channels: 1 },
  });

/** Cut to the middle square. */
export const SQUARE = { size: { height: 8, width: 8 } };

/** The key region of one picture, a line a row: a dot is outside. */
export async function maskOf(dataset: Dataset, name: string): Promise<string[]> {
  const index = Array.from({ length: dataset.length }, (_, i) => dataset.fileName(i)).indexOf(name);
  const out = new Uint8Array(dataset.height * dataset.width).fill(9);
  await dataset.mask!(index, out);
  return Array.from({ length: dataset.height }, (_, y) =>
    Array.from(out.subarray(y * dataset.width, (y + 1) * dataset.width), (value) =>
      value === 0 ? "." : String(value),
    ).join(""),
  );
}

/** The same, of a dataset opened for it. */
export const regionOf = async (name: string, options: OpenOptions = SQUARE): Promise<string[]> =>
  maskOf(await openDataset(`${folder.path}:all`, options), name);

/** An annotation with these objects, of a picture of 12 × 8. */
export const xml = (
  objects: string,
  size = "<size><width>12</width><height>8</height><depth>3</depth></size>",
) => `<annotation><filename>1</filename>${size}${objects}</annotation>`;

/** An object of an annotation: xmin, ymin, xmax, ymax. */
export const object = (box: readonly (number | string)[], name = "thing"): string =>
  `<object><name>${name}</name><bndbox>${["xmin", "ymin", "xmax", "ymax"]
    .map((edge, i) => `<${edge}>${box[i]!}</${edge}>`)
    .join("")}</bndbox></object>`;

/** No region, 8 × 8. */
export const NONE: readonly string[] = Array<string>(8).fill("........");
