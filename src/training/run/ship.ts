import { writeFileAtomic } from "../../files/index.js";
import { modelFromGraph } from "../../graph/index.js";
import type { Classifier } from "../../models/index.js";
import { writeModel } from "../../onnx/index.js";

/** Writes the finished classifier as ONNX. */
export async function saveClassifier(
  classifier: Classifier,
  path: string,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const model = modelFromGraph(classifier.graph);
  await writeFileAtomic(path, writeModel({ ...model, metadata: new Map(Object.entries(metadata)) }));
}
