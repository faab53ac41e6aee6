import { createTarget, type Compile } from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import { fixedBatchSize, withLogarithm, type Classifier } from "../models/index.js";
import { readBatch } from "./batches.js";

/** How far from 1 a sum of probabilities in float16 may be. */
const TOLERANCE = 2e-3;
/** Images that the outputs are looked at of. */
const LOOKED_AT = 16;

/**
 * The classifier, or, where its outputs for some of the images are all in [0, 1] and sum to 1, the one of their
 * logarithms: an attack on probabilities saturates, and its number is too high. Logits never look like that.
 */
export async function readAsLogits(
  name: string,
  classifier: Classifier,
  dataset: Dataset,
  options: {
    readonly compile?: Compile | undefined;
    readonly threads?: number | undefined;
    readonly onNotice?: (text: string) => void;
  } = {},
): Promise<Classifier> {
  if ((classifier.randomInputs ?? []).length > 0 || dataset.length === 0) return classifier;
  const { compile, threads } = options;
  const size = Math.min(LOOKED_AT, dataset.length);
  const batchSize = fixedBatchSize(classifier) ?? size;
  const target = createTarget(classifier, {
    batchSize,
    ...(compile && { compile }),
    ...(threads && { threads }),
  });
  try {
    for (let start = 0; start < size; start += batchSize) {
      const count = Math.min(batchSize, size - start);
      const places = Uint32Array.from({ length: count }, (_, i) => start + i);
      const images = new Float32Array(batchSize * target.imageSize);
      images.set((await readBatch(dataset, places, target.imageSize)).images);
      const outputs = await target.logits(images);
      if (!areProbabilities(outputs.subarray(0, count * target.classCount), target.classCount)) {
        return classifier;
      }
    }
  } finally {
    await target.dispose();
  }
  options.onNotice?.(`${name}: its outputs are probabilities; their logarithm is taken as its logits`);
  return withLogarithm(classifier);
}

function areProbabilities(outputs: Float32Array, classes: number): boolean {
  for (let start = 0; start < outputs.length; start += classes) {
    const row = outputs.subarray(start, start + classes);
    const sum = row.reduce((total, p) => total + p, 0);
    if (!(Math.abs(sum - 1) <= TOLERANCE) || row.some((p) => p < 0 || p > 1 + TOLERANCE)) return false;
  }
  return true;
}
