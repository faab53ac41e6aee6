import { placesOf, type Batch, type Dataset } from "../data/index.js";

/** The dataset's images in order, or those at `places`, `batchSize` at a time; the last batch may be smaller. */
export async function* datasetBatches(
  dataset: Dataset,
  batchSize: number,
  places?: readonly number[],
): AsyncGenerator<Batch> {
  const imageSize = dataset.channels * dataset.height * dataset.width;
  const length = places?.length ?? dataset.length;
  for (let start = 0; start < length; start += batchSize) {
    const size = Math.min(batchSize, length - start);
    yield await readBatch(
      dataset,
      Uint32Array.from({ length: size }, (_, i) => places?.[start + i] ?? start + i),
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
