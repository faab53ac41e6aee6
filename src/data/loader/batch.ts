/** Which images make up a batch, and the batch itself: pure functions of (seed, step). */
import type { RandomGenerator } from "../../tensor/index.js";
import type { Batch, Dataset } from "../dataset/index.js";
import { atOnce, readPixels, toUnit, type Augmenter, type ImageSource } from "../pixels/index.js";

/** How an epoch is divided into batches. */
export interface BatchPlan {
  readonly length: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly stepsPerEpoch: number;
}

/** An epoch's batches; with `dropLast`, without the smaller last one. */
export function planBatches(
  length: number,
  batchSize: number,
  options: { readonly shuffle: boolean; readonly dropLast: boolean },
): BatchPlan {
  const round = options.dropLast ? Math.floor : Math.ceil;
  return { length, batchSize, shuffle: options.shuffle, stepsPerEpoch: round(length / batchSize) };
}

/** Indices of the images of `step` (counted over all epochs). */
export function createIndexer(plan: BatchPlan, random: RandomGenerator): (step: number) => Uint32Array {
  const { length, batchSize, shuffle, stepsPerEpoch } = plan;
  let order = Uint32Array.from({ length: shuffle ? 0 : length }, (_, i) => i);
  let orderOf = -1;
  return (step) => {
    const epoch = Math.floor(step / stepsPerEpoch);
    if (shuffle && epoch !== orderOf) {
      order = random.stream("data/order", epoch).permutation(length) as Uint32Array<ArrayBuffer>;
      orderOf = epoch;
    }
    const start = (step - epoch * stepsPerEpoch) * batchSize;
    return order.slice(start, Math.min(start + batchSize, length));
  };
}

/** Everything needed to fill a batch from a source, in any thread. */
export interface SourceReader {
  readonly source: ImageSource;
  readonly sourceIndices: Uint32Array | undefined;
  readonly augment: Augmenter | undefined;
}

/** Pixels `[N, C, H, W]` of the images at `indices`, augmented as in `epoch`. */
export async function fillImages(
  reader: SourceReader,
  indices: Uint32Array,
  epoch: number,
): Promise<Float32Array> {
  const { source, sourceIndices, augment } = reader;
  const size = source.channels * source.height * source.width;
  const images = new Float32Array(indices.length * size);
  const fill = (position: number, pixels: Uint8Array): void => {
    const out = images.subarray(position * size, (position + 1) * size);
    if (augment === undefined) toUnit(pixels, out);
    else augment(pixels, out, epoch, indices[position]!);
  };
  await atOnce(indices.length, (position) => {
    const pixels = readPixels(source, sourceIndices?.[indices[position]!] ?? indices[position]!);
    if (pixels instanceof Uint8Array) fill(position, pixels);
    else return pixels.then((decoded) => fill(position, decoded));
  });
  return images;
}

/** Pixels of a hand-made dataset, which has no source. */
export async function fillFromDataset(
  dataset: Dataset,
  augment: Augmenter | undefined,
  indices: Uint32Array,
  epoch: number,
): Promise<Float32Array> {
  const size = dataset.channels * dataset.height * dataset.width;
  const images = new Float32Array(indices.length * size);
  for (const [position, index] of indices.entries()) {
    const out = images.subarray(position * size, (position + 1) * size);
    await dataset.read(index, out);
    if (augment !== undefined)
      augment(
        Uint8Array.from(out, (value) => Math.round(value * 255)),
        out,
        epoch,
        index,
      );
  }
  return images;
}

/** Images with their labels. */
export function toBatch(dataset: Dataset, indices: Uint32Array, images: Float32Array): Batch {
  const labels = Int32Array.from(indices, (index) => dataset.labels[index]!);
  return Object.freeze({ images, labels, indices, size: indices.length });
}
