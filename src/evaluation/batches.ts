import { placesOf, type Batch, type Dataset } from "../data/index.js";

/** The dataset's images in order, `batchSize` at a time; the last batch may be smaller. */
export async function* datasetBatches(dataset: Dataset, batchSize: number): AsyncGenerator<Batch> {
  const imageSize = dataset.channels * dataset.height * dataset.width;
  for (let start = 0; start < dataset.length; start += batchSize) {
    const size = Math.min(batchSize, dataset.length - start);
    yield await readBatch(
      dataset,
      Uint32Array.from({ length: size }, (_, i) => start + i),
      imageSize,
    );
  }
}

/** Reads the images at `indices`. */
export async function readBatch(dataset: Dataset, indices: Uint32Array, imageSize: number): Promise<Batch> {
  const images = new Float32Array(indices.length * imageSize);
  await Promise.all(
    Array.from(indices, async (index, i) =>
      dataset.read(index, images.subarray(i * imageSize, (i + 1) * imageSize)),
    ),
  );
  return {
    images,
    labels: Int32Array.from(indices, (index) => dataset.labels[index]!),
    indices: placesOf(dataset, indices),
    size: indices.length,
  };
}
