/** A dataset of encoded pictures of any size, wherever they are stored. */
import { InputError } from "../../errors/index.js";
import {
  createDataset,
  fitOf,
  sentences,
  type Dataset,
  type OpenOptions,
  type SkippedFile,
} from "../dataset/index.js";
import {
  atOnce,
  createCache,
  decodePicture,
  DEFAULT_CACHE_BYTES,
  encodedBytes,
  type EncodedSource,
  type FileSource,
  type Fit,
  type PictureSource,
} from "../pixels/index.js";
import { regionsOf, type PictureFile } from "../regions/index.js";

/** Pictures of all splits with their classes, indexed by their place in the source. */
export interface Pictures {
  /** Their name in errors and, followed by the split, in datasets. */
  readonly place: string;
  /** Where masks, boxes and annotations would be. */
  readonly root: string;
  readonly split: string;
  readonly stored:
    Pick<FileSource, "kind" | "paths"> | Pick<EncodedSource, "kind" | "slabs" | "at" | "names">;
  /** Below `root`. */
  readonly names: readonly string[];
  readonly classNames: readonly string[];
  readonly labels: ArrayLike<number>;
  /** Places of the images of this split, sorted. */
  readonly chosen: Uint32Array;
  /** How they were split, if readers of a result should know. */
  readonly note: string | undefined;
  /** Their name in the description. */
  readonly called: "Files" | "Pictures";
  /** Writes a key-region mask, fitted like its picture; masks in `root` are then ignored. */
  readonly mask?: (place: number, fit: Fit, out: Uint8Array) => Promise<void>;
  readonly hasMask?: (place: number) => boolean;
}

const USUAL_SIZE = { height: 224, width: 224, channels: 3 };

/**
 * A dataset of the chosen pictures, which are decoded when they are first read.
 *
 * @throws InputError if (with `skipUnreadable`) nothing is readable; UsageError for an impossible size.
 */
export async function openPictures(pictures: Pictures, options: OpenOptions): Promise<Dataset> {
  const { place, root, split, stored, names, classNames, labels, chosen, note, mask, hasMask } = pictures;
  const fit = fitOf(options, USUAL_SIZE);
  const { channels, height, width } = fit;
  const cacheBytes = options.cacheBytes ?? DEFAULT_CACHE_BYTES;
  const cache = createCache(names.length, channels * height * width, cacheBytes);
  const source: PictureSource = { ...stored, fit, cache, channels, height, width };
  const unreadable =
    options.skipUnreadable === true ? await findUnreadable(source, chosen) : new Map<number, string>();
  const kept = chosen.filter((index) => !unreadable.has(index));
  if (kept.length === 0) throw nothingReadable(place);
  const skipped = Array.from(unreadable, ([index, problem]): SkippedFile => ({
    file: names[index]!,
    problem,
  }));
  const pictureAt = (index: number): PictureFile => ({
    name: names[index]!,
    className: classNames[labels[index]!]!,
    encoded: () => (source.kind === "files" ? source.paths[index]! : encodedBytes(source, index)),
  });
  const beside = mask === undefined ? await regionsOf(root, kept, pictureAt, fit) : undefined;
  return createDataset({
    name: `${place}:${split}`,
    split,
    classNames,
    labels: Int32Array.from(kept, (index) => labels[index]!),
    source,
    ...(kept.length < names.length ? { sourceIndices: kept } : {}),
    ...(skipped.length > 0 ? { skipped } : {}),
    description: sentences(
      note,
      `${pictures.called} resized to ${width} × ${height} by ${fit.interpolation}, ${fit.mode}.`,
      beside?.note,
    ),
    fileName: (index) => names[index]!,
    mask: mask ? (index, out) => mask(index, fit, out) : beside?.mask,
    hasMask: hasMask ?? beside?.hasMask,
    regions: beside?.regions,
  });
}

/** The error for a split without a readable image. */
function nothingReadable(place: string): InputError {
  return new InputError({
    place,
    problem: "has no image that can be decoded",
    remedy: "Copy the images again from their source; `holdfast data check` shows what is wrong with each.",
  });
}

/** The reason why each undecodable picture cannot be decoded, by place, in order. */
async function findUnreadable(
  source: PictureSource,
  places: Uint32Array,
): Promise<ReadonlyMap<number, string>> {
  const problems = new Map<number, string>();
  await atOnce(places.length, async (i) => {
    try {
      await decodePicture(source, places[i]!);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.set(places[i]!, error.problem);
    }
  });
  return new Map([...problems].sort(([a], [b]) => a - b));
}
