import type { ImageSource } from "../pixels/index.js";

/**
 * Labelled images that can be read in any order. Immutable and safe to share.
 *
 * @example
 * ```ts
 * import type { Dataset } from "holdfast";
 *
 * // Images that a program has in memory.
 * export function datasetOf(images: readonly Float32Array[], labels: readonly number[]): Dataset {
 *   return {
 *     name: "mine",
 *     split: "test",
 *     length: images.length,
 *     channels: 3,
 *     height: 32,
 *     width: 32,
 *     classNames: ["cat", "dog"],
 *     labels: Int32Array.from(labels),
 *     fileName: (index) => `mine#${index}`,
 *     read: (index, out) => out.set(images[index]!),
 *   };
 * }
 * ```
 */
export interface Dataset {
  /** As the user named it: `mnist:test`, a folder. */
  readonly name: string;
  readonly split: string;
  readonly length: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
  /** Whether the user named the classes, and so chose their order. */
  readonly classesStated?: boolean;
  /** Class of every image. */
  readonly labels: Int32Array;
  /** What a reader of a result should know: how the images were split, resized and sampled. */
  readonly description?: string;
  /** Files left out because they cannot be decoded, if `skipUnreadable` was set. */
  readonly skipped?: readonly SkippedFile[];
  /**
   * Where the pixels come from, as plain data for a worker thread. Without it (a dataset made
   * by hand) a loader reads in the calling thread.
   */
  readonly source?: ImageSource;
  /** Position of each image in `source`; `0 … length − 1` if absent. */
  readonly sourceIndices?: Uint32Array;
  /** Where image `index` comes from: a file name, or `mnist/t10k#17`. */
  fileName(index: number): string;
  /** Writes image `index` into `out` (`[C, H, W]` in [0, 1]). */
  read(index: number, out: Float32Array): void | Promise<void>;
  /**
   * Writes the ground-truth key-region mask `[H, W]` in {0, 1}, if the source has masks. An image without one gets
   * all zeros.
   */
  readonly mask?: (index: number, out: Uint8Array) => void | Promise<void>;
  /** Whether image `index` has a mask; absent where every image has one, or none. */
  readonly hasMask?: (index: number) => boolean;
  /** Source of the masks, if it is files beside the pictures. */
  readonly regions?: DatasetRegions;
}

/** Masks, boxes, or either: an image with both uses its mask. */
export type MaskSource = "mask" | "box" | "mask-and-box";

/** Key regions from files beside the pictures. */
export interface DatasetRegions {
  readonly source: MaskSource;
  /**
   * Hash of the regions of all images of the split, which changes if any region changes.
   *
   * @throws InputError if one cannot be read.
   */
  fingerprint(): Promise<string>;
  /**
   * Boxes of the image called `fileName` that have no effect, and why.
   *
   * @throws InputError if they cannot be read.
   */
  faults(fileName: string): Promise<readonly string[]>;
}

/** An image that cannot be decoded, and why. */
export interface SkippedFile {
  readonly file: string;
  readonly problem: string;
}

/** Images `[N, C, H, W]` with their labels and positions in the dataset. */
export interface Batch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly indices: Uint32Array;
  readonly size: number;
}
