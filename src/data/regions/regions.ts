/** Key regions of a dataset's pictures, from masks and boxes beside them. */
import { sha256Of } from "../../files/index.js";
import type { DatasetRegions } from "../dataset/index.js";
import { validationNumber } from "../imagenet/index.js";
import { boxesOutside, fitRegion, paintBoxes, pictureSize, type Fit } from "../pixels/index.js";
import { openRegions, type Region } from "./find.js";
import { checkMask, readMask } from "./mask.js";

/** A picture, wherever it is stored. */
export interface PictureFile {
  /** Below the dataset's folder. */
  readonly name: string;
  readonly className: string;
  /** Its path, or its encoded bytes. */
  readonly encoded: () => string | Uint8Array;
}

/** Information about a dataset's key regions, by the place of the picture in the source. */
export interface RegionParts {
  readonly mask: (place: number, out: Uint8Array) => Promise<void>;
  readonly hasMask: (place: number) => boolean;
  readonly regions: DatasetRegions;
  readonly note: string;
}

/**
 * The key regions of the images at `places`, from the files in `root`; undefined if no image has one. A region is scaled and
 * cropped by the same code as its image.
 *
 * @throws InputError for an invalid table of boxes; masks and annotations are only read when requested.
 */
export async function regionsOf(
  root: string,
  places: Iterable<number>,
  pictureAt: (place: number) => PictureFile,
  fit: Fit,
): Promise<RegionParts | undefined> {
  const all = [...places];
  const ofImageNet = all.some((place) => validationNumber(pictureAt(place).name) !== undefined);
  const finder = await openRegions(root, { ofImageNet });
  const found = new Map<number, Region>();
  for (const place of all) {
    const { name, className } = pictureAt(place);
    const region = finder.of(slashed(name), className);
    if (region !== undefined) found.set(place, region);
  }
  if (found.size === 0) return undefined;
  const masks = [...found.values()].filter(({ kind }) => kind === "mask").length;
  const boxes = found.size - masks;
  const byName = new Map(Array.from(found, ([place, region]) => [pictureAt(place).name, { place, region }]));
  const sizeAt = (place: number): ReturnType<typeof pictureSize> => {
    const { name, encoded } = pictureAt(place);
    return pictureSize(encoded(), name);
  };
  return {
    async mask(place, out) {
      const region = found.get(place);
      if (region === undefined) return void out.fill(0);
      const size = await sizeAt(place);
      const marked =
        region.kind === "mask" ? await readMask(region.path, size) : paintBoxes(await region.boxes(), size);
      fitRegion(marked, fit, out);
    },
    hasMask: (place) => found.has(place),
    regions: {
      source: boxes === 0 ? "mask" : masks === 0 ? "box" : "mask-and-box",
      async fingerprint() {
        const lines: string[] = [];
        for (const [place, region] of found) {
          lines.push(`${pictureAt(place).name} ${await contentOf(region, () => sizeAt(place))}`);
        }
        return sha256Of(lines.join("\n"));
      },
      async faults(fileName) {
        const known = byName.get(fileName);
        if (known?.region.kind !== "box") return [];
        const drawn = await known.region.boxes();
        const outside = boxesOutside(drawn, await sizeAt(known.place));
        return outside.map((number) => `box ${number} of ${drawn.boxes.length} lies outside the image`);
      },
    },
    note: `Key regions: ${[
      ...(masks > 0 ? [`masks for ${masks}`] : []),
      ...(boxes > 0 ? [`boxes for ${boxes}`] : []),
    ].join(", ")} of its ${all.length} images.`,
  };
}

/** A text that identifies a region. Finds problems that would otherwise stop a measurement hours later. */
async function contentOf(region: Region, size: () => ReturnType<typeof pictureSize>): Promise<string> {
  if (region.kind === "mask") return sha256Of(await checkMask(region.path, await size()));
  return JSON.stringify(await region.boxes());
}

/** The name of a picture in masks and tables, on Windows too. */
function slashed(name: string): string {
  return name.replaceAll("\\", "/");
}
