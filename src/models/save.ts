import { modelFromGraph } from "../graph/index.js";
import { writeModelFile } from "../onnx/index.js";
import type { Classifier } from "./classifier.js";
import { toolVersion, writeMetadata } from "./model-metadata.js";

/**
 * Writes a classifier as an ONNX file that any runtime reads: eval form, batch dimension "N",
 * preprocessing inside, so that pixels in [0, 1] go in. Class names, taps and what else
 * {@link loadClassifier} needs are in its metadata; `metadata` adds keys of the caller's own.
 *
 * @throws InputError when the file cannot be written; what was at the path stays.
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
