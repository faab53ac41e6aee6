/** Labelled images that can be read in any order. Immutable and safe to share. */
export interface Dataset {
  /** As a user names it: `mnist:test`, a folder. */
  readonly name: string;
  readonly split: string;
  readonly length: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
  /** Class of every image. */
  readonly labels: Int32Array;
  /** Where image `index` comes from: a file name, or `mnist/t10k#17`. */
  fileName(index: number): string;
  /** Writes image `index` into `out` (`[C, H, W]` in [0, 1]). */
  read(index: number, out: Float32Array): void | Promise<void>;
  /** Ground-truth key-region mask `[H, W]` in {0, 1}, where the source has one. */
  readonly mask?: (index: number, out: Uint8Array) => void | Promise<void>;
}

/** Images `[N, C, H, W]` with their labels and their places in the dataset. */
export interface Batch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly indices: Uint32Array;
  readonly size: number;
}
