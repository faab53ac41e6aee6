import { readPixels, toUnit, type ImageSource } from "../pixels/index.js";
import type { Dataset, DatasetRegions, SkippedFile } from "./dataset.js";

/** What {@link createDataset} needs: a source and the facts about its images. */
export interface DatasetParts {
  readonly name: string;
  readonly split: string;
  readonly classNames: readonly string[];
  /** Class of each image of the dataset, in order. */
  readonly labels: Int32Array;
  readonly source: ImageSource;
  /** Place of each image in the source; its own place when absent. */
  readonly sourceIndices?: Uint32Array | undefined;
  readonly description?: string | undefined;
  readonly skipped?: readonly SkippedFile[] | undefined;
  /** File name of image `index` of the source. */
  readonly fileName: (sourceIndex: number) => string;
  /** Mask of image `index` of the source. */
  readonly mask?: ((sourceIndex: number, out: Uint8Array) => void | Promise<void>) | undefined;
  /** Whether image `index` of the source has one; absent if all have. */
  readonly hasMask?: ((sourceIndex: number) => boolean) | undefined;
  readonly regions?: DatasetRegions | undefined;
}

/** A dataset over a source. */
export function createDataset(parts: DatasetParts): Dataset {
  const { name, split, classNames, labels, source, sourceIndices, description, skipped } = parts;
  const { mask, hasMask, regions } = parts;
  const place = (index: number): number => sourceIndices?.[index] ?? index;
  return Object.freeze({
    name,
    split,
    length: labels.length,
    channels: source.channels,
    height: source.height,
    width: source.width,
    classNames: Object.freeze([...classNames]),
    labels,
    source,
    ...(sourceIndices === undefined ? {} : { sourceIndices }),
    ...(description === undefined ? {} : { description }),
    ...(skipped === undefined ? {} : { skipped }),
    ...(mask === undefined
      ? {}
      : { mask: (index: number, out: Uint8Array) => mask(place(checked(index, labels)), out) }),
    ...(hasMask === undefined ? {} : { hasMask: (index: number) => hasMask(place(checked(index, labels))) }),
    ...(regions === undefined ? {} : { regions }),
    fileName: (index: number) => parts.fileName(place(checked(index, labels))),
    read(index: number, out: Float32Array): void | Promise<void> {
      const pixels = readPixels(source, place(checked(index, labels)));
      if (pixels instanceof Uint8Array) toUnit(pixels, out);
      else return pixels.then((bytes) => toUnit(bytes, out));
    },
  });
}

function checked(index: number, labels: Int32Array): number {
  if (Number.isInteger(index) && index >= 0 && index < labels.length) return index;
  throw new RangeError(`image ${index} is outside 0 … ${labels.length - 1}`);
}
