import { basename } from "node:path";
import { readFileChecked, sha256Of } from "../files/index.js";
import { loadAnyClassifier, type AnyClassifier, type LoadAnyOptions } from "../models/index.js";
import type { ModelUnderTest } from "./assemble.js";

/** How a model is loaded, and what its result calls it. */
export interface ModelUnderTestOptions extends LoadAnyOptions {
  /** The file's name without `.onnx` by default. Each model of an evaluation needs its own. */
  readonly name?: string;
  /** Name of the recipe that it was trained with; null by default: unknown. */
  readonly recipe?: string | null;
}

/**
 * Loads an ONNX file for {@link evaluateModels}, with the facts that a result states about it: path, hash and architecture.
 * Preprocessing comes from `options` and the graph alone; files beside the model are not read, and nothing is guessed.
 *
 * @throws InputError if the file is not a classifier, or if neither holdfast nor ONNX Runtime can run it.
 * @example
 * ```ts
 * import { evaluateModels, loadModelUnderTest, openDataset } from "holdfast";
 *
 * const model = await loadModelUnderTest("my-model.onnx", {
 *   mean: [0.485, 0.456, 0.406],
 *   std: [0.229, 0.224, 0.225],
 * });
 * const images = await openDataset("photos:test", { size: { height: 224, width: 224 } });
 * const result = await evaluateModels([model], images, { epsilons: [2 / 255, 4 / 255] });
 * console.log(result.statements);
 * ```
 */
export async function loadModelUnderTest(
  path: string,
  { name = basename(path).replace(/\.onnx$/i, ""), recipe = null, ...options }: ModelUnderTestOptions = {},
): Promise<ModelUnderTest<AnyClassifier>> {
  const classifier = await loadAnyClassifier(path, options);
  const sha256 = sha256Of(await readFileChecked(path));
  return { name, classifier, info: { recipe, path, sha256, architecture: classifier.name } };
}
