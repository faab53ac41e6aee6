/** Counts images with a key region, and finds problems with masks, boxes and annotations. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../../errors/index.js";
import type { Dataset, MaskSource } from "../dataset/index.js";
import { BOXES, openRegions } from "../regions/index.js";
import { isArchived, isFolder, specParts } from "../sources/index.js";
import type { CheckedFile } from "./files.js";
import { firstOf, type Suspicion } from "./suspicious.js";

/** Images that have a key region. */
export interface RegionCount {
  readonly images: number;
  /** Of the splits that have any. */
  readonly sources: readonly MaskSource[];
}

/** Reads the region of every readable image; `files` are the images of `datasets` in order. */
export async function checkRegions(
  spec: string,
  datasets: readonly Dataset[],
  files: readonly CheckedFile[],
): Promise<{ readonly count: RegionCount; readonly suspicious: readonly Suspicion[] }> {
  const suspicious: Suspicion[] = await strayBoxes(spec, datasets);
  let images = 0;
  let at = 0;
  for (const dataset of datasets) {
    const out = new Uint8Array(dataset.height * dataset.width);
    for (let index = 0; index < dataset.length; index++) {
      const { file, facts } = files[at++]!;
      if (facts === undefined || dataset.mask === undefined || dataset.hasMask?.(index) === false) continue;
      const { problems, isThere } = await regionOf(dataset, index, out);
      if (isThere) images++;
      suspicious.push(...problems.map((problem) => ({ where: file, problem })));
    }
  }
  const sources = datasets.flatMap(({ mask, regions }) => (mask ? [regions?.source ?? "mask"] : []));
  return { count: { images, sources: [...new Set(sources)] }, suspicious };
}

async function regionOf(
  dataset: Dataset,
  index: number,
  out: Uint8Array,
): Promise<{ readonly problems: readonly string[]; readonly isThere: boolean }> {
  try {
    await dataset.mask!(index, out);
    const faults = (await dataset.regions?.faults(dataset.fileName(index))) ?? [];
    const isThere = out.includes(1);
    const nothing = isThere ? [] : ["has a key region that lies entirely outside the cropped image"];
    return { problems: [...faults, ...nothing], isThere };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { problems: [`has no usable key region: ${error.place} ${error.problem}`], isThere: false };
  }
}

/** Lines of `boxes.csv` that name no picture: often all of them, because of one folder too many or too few. */
async function strayBoxes(spec: string, datasets: readonly Dataset[]): Promise<Suspicion[]> {
  const { name: place, split } = specParts(spec);
  const archived = isArchived(place) && !isFolder(place);
  // The pictures of the other splits of an archive are not known here.
  if (archived && split !== undefined && split !== "all") return [];
  const root = isFolder(place) ? place : dirname(place);
  const { listed } = await openRegions(root, { ofImageNet: false });
  const known = new Set<string>();
  for (const dataset of datasets) {
    for (let i = 0; i < dataset.length; i++) known.add(dataset.fileName(i).replaceAll("\\", "/"));
  }
  const stray = listed.filter((name) => !known.has(name) && (archived || !existsSync(join(root, name))));
  if (stray.length === 0) return [];
  const problem = `names ${stray.length} file${stray.length === 1 ? "" : "s"} that ${stray.length === 1 ? "is" : "are"} not in the dataset (${firstOf(stray)})`;
  return [{ where: BOXES, problem }];
}
