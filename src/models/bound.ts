import { bind, foldBatchNorm } from "../graph/index.js";
import type { BoundClassifier, Classifier } from "./classifier.js";

/** Fixes the batch size: every shape becomes a number. */
export function bindBatch(classifier: Classifier, batchSize: number): BoundClassifier {
  return { ...classifier, graph: bind(classifier.graph, { N: batchSize }), batchSize };
}

/**
 * Fixes the batch size and folds each inference BatchNormalization into the convolution
 * before it: the same function of the image with fewer passes over memory. Its
 * parameters are no longer those of the classifier, so it serves where weights are constant.
 */
export function bindForInference(classifier: Classifier, batchSize: number): BoundClassifier {
  const bound = bindBatch(classifier, batchSize);
  return { ...bound, graph: foldBatchNorm(bound.graph) };
}
