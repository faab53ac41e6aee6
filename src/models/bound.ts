import { InputError } from "../errors/index.js";
import { bind, foldBatchNorm, foldPads, parametersAsInputs } from "../graph/index.js";
import type { BoundClassifier, Classifier } from "./classifier.js";
import { isOpaque, type AnyClassifier } from "./opaque.js";

/** The batch size that a foreign file fixes; undefined if any size works. */
export function fixedBatchSize(classifier: AnyClassifier): number | undefined {
  if (isOpaque(classifier)) return classifier.batchSize;
  const { graph, image } = classifier;
  const batch = graph.values.get(image)!.shape[0];
  return typeof batch === "number" ? batch : undefined;
}

/**
 * Fixes the batch size: every shape becomes a number, and pads of zeros become those of the convolutions behind them.
 *
 * @throws InputError if the classifier's file fixes another one.
 */
export function bindBatch(classifier: Classifier, batchSize: number): BoundClassifier {
  const fixed = fixedBatchSize(classifier);
  if (fixed !== undefined && fixed !== batchSize) {
    throw new InputError({
      place: classifier.name,
      problem: `takes batches of exactly ${fixed} images, but the batch size is ${batchSize}`,
      remedy: `Use a batch size of ${fixed}, or export the model with a dynamic batch dimension.`,
    });
  }
  return { ...classifier, graph: foldPads(bind(classifier.graph, { N: batchSize })), batchSize };
}

/**
 * {@link bindBatch}, with each inference BatchNormalization folded into the convolution
 * before it: the same function of the image with fewer passes over memory. Its
 * parameters differ from those of the classifier, so it is only for constant weights.
 */
export function bindForInference(classifier: Classifier, batchSize: number): BoundClassifier {
  const bound = bindBatch(classifier, batchSize);
  return { ...bound, graph: foldBatchNorm(bound.graph) };
}

/**
 * Like {@link bindForInference}, but every parameter and buffer is an input of the graph under its own name: for one
 * program that is run with changing weights during a training.
 */
export function bindForTraining(classifier: Classifier, batchSize: number): BoundClassifier {
  const bound = bindBatch(classifier, batchSize);
  const weights = [...classifier.parameters, ...classifier.buffers];
  return { ...bound, graph: foldBatchNorm(parametersAsInputs(bound.graph, weights)) };
}
