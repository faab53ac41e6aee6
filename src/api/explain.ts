/**
 * From `holdfast`: maps that show where a classifier looks.
 *
 * @example
 * ```ts
 * import { createExplainer, createLoader, createGenerator, loadClassifier, openDataset } from "holdfast";
 *
 * const classifier = await loadClassifier("my-model.onnx");
 * const explainer = await createExplainer(classifier, { methods: ["grad-cam"], batchSize: 8 });
 * const loader = createLoader(await openDataset("photos:test"), {
 *   batchSize: 8,
 *   random: createGenerator(0),
 *   shuffle: false,
 * });
 * const { images, labels, indices } = await loader.batch(0);
 * const { maps } = await explainer.explain({ images, classes: labels, indices });
 * console.log(maps.get("grad-cam")?.data.length);
 * await Promise.all([loader.dispose(), explainer.dispose()]);
 * ```
 * @module Explaining
 */
export { createExplainer, imagePicture, METHODS, overlayPicture } from "../explain/index.js";
export type {
  ExplainedImages,
  Explainer,
  ExplainerOptions,
  Explanations,
  IntegratedGradients,
  Maps,
  Method,
} from "../explain/index.js";
