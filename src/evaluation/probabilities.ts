import { openTarget, type Compile, type Target } from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import { fixedBatchSize, isOpaque, withLogarithm, type AnyClassifier } from "../models/index.js";
import { readBatch } from "./batches.js";
import { refuseMixing } from "./mixing.js";

/** How far from 1 a sum of float16 probabilities may be, and how far apart two computations of the same ones. */
const TOLERANCE = 2e-3;
/** Number of images whose outputs are inspected. */
const LOOKED_AT = 16;

/**
 * The classifier itself or, if its outputs for the first images are all in [0, 1] and sum to 1, the classifier of their
 * logarithms: an attack on probabilities saturates, so its number is too high. Logits never look like that. The
 * logarithm moves back in the graph only as far as the probabilities stay the same.
 *
 * @throws InputError if the output for an image depends on the other images of its batch ({@link refuseMixing}).
 */
export function readAsLogits<C extends AnyClassifier>(
  name: string,
  classifier: C,
  dataset: Dataset,
  options?: LookOptions & { readonly onNotice?: (text: string) => void },
): Promise<C>;
export async function readAsLogits(
  name: string,
  classifier: AnyClassifier,
  dataset: Dataset,
  options: LookOptions & { readonly onNotice?: (text: string) => void } = {},
): Promise<AnyClassifier> {
  const isRandom = !isOpaque(classifier) && (classifier.randomInputs ?? []).length > 0;
  if (isRandom || dataset.length === 0) return classifier;
  const probabilities = await outputsOf(classifier, dataset, options, (target, images, logits) =>
    refuseMixing(name, target, { images, logits, isFixed: fixedBatchSize(classifier) !== undefined }),
  );
  if (!areProbabilities(probabilities, classifier.classNames.length)) return classifier;
  options.onNotice?.(`${name}: its outputs are probabilities, so their logarithms are used as logits`);
  if (isOpaque(classifier)) return { ...classifier, logarithm: true };
  const exact = withLogarithm(classifier);
  const again = (await outputsOf(exact, dataset, options)).map(Math.exp);
  const isSame = again.every((p, i) => Math.abs(p - probabilities[i]!) <= TOLERANCE);
  return isSame ? exact : withLogarithm(classifier, { plain: true });
}

interface LookOptions {
  readonly compile?: Compile | undefined;
  readonly threads?: number | undefined;
  /** Most images per run, unless the file fixes the number: that of the coming measurement. */
  readonly batchSize?: number | undefined;
}

/** `[n, K]` of the first images; `onFirst` is shown the first batch and all of its logits. */
async function outputsOf(
  classifier: AnyClassifier,
  dataset: Dataset,
  { compile, threads, batchSize: most = LOOKED_AT }: LookOptions,
  onFirst?: (target: Target, images: Float32Array, logits: Float32Array) => Promise<void>,
): Promise<Float32Array> {
  const size = Math.min(LOOKED_AT, dataset.length);
  // Even a single image is run next to another.
  const batchSize = fixedBatchSize(classifier) ?? Math.min(most, Math.max(size, 2));
  const target = openTarget(classifier, {
    batchSize,
    ...(compile && { compile }),
    ...(threads && { threads }),
  });
  const outputs = new Float32Array(size * target.classCount);
  try {
    for (let start = 0; start < size; start += batchSize) {
      const count = Math.min(batchSize, size - start);
      const places = Uint32Array.from({ length: count }, (_, i) => start + i);
      const images = new Float32Array(batchSize * target.imageSize);
      images.set((await readBatch(dataset, places, target.imageSize)).images);
      const some = await target.logits(images);
      if (start === 0) await onFirst?.(target, images, some);
      outputs.set(some.subarray(0, count * target.classCount), start * target.classCount);
    }
  } finally {
    await target.dispose();
  }
  return outputs;
}

function areProbabilities(outputs: Float32Array, classes: number): boolean {
  for (let start = 0; start < outputs.length; start += classes) {
    const row = outputs.subarray(start, start + classes);
    const sum = row.reduce((total, p) => total + p, 0);
    if (!(Math.abs(sum - 1) <= TOLERANCE) || row.some((p) => p < 0 || p > 1 + TOLERANCE)) return false;
  }
  return true;
}
