import { modelFromGraph } from "../graph/index.js";
import { writeModelFile } from "../onnx/index.js";
import type { Classifier } from "./classifier.js";
import { toolVersion, writeMetadata } from "./model-metadata.js";

/**
 * Writes a classifier as an ONNX file for any runtime: in eval form, with batch dimension "N" and
 * preprocessing inside, so that its input is pixels in [0, 1]. Its metadata contain class names, taps
 * and everything else that {@link loadClassifier} needs; `metadata` adds the caller's own keys.
 *
 * @throws InputError if the file cannot be written; an existing file at the path is kept.
 */
export async function saveClassifier(
  classifier: Classifier,
  path: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const own = writeMetadata(classifier);
  const model = modelFromGraph(classifier.graph, {
    metadata: new Map([...Object.entries(metadata), ...own]),
    producerVersion: toolVersion(),
  });
  await writeModelFile(path, model);
}
