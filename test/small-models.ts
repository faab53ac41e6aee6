import { expect } from "vitest";
import { InputError } from "../src/errors/index.js";
import {
  bindBatch,
  classifierFromModel,
  fixedBatchSize,
  type Classifier,
  type LoadOptions,
} from "../src/models/index.js";
import { readModel, writeModel, type Model, type ModelNode } from "../src/onnx/index.js";
import { compile } from "../src/runtime/index.js";
import { tensor, type Tensor } from "../src/tensor/index.js";
import { modelOf, node } from "./model.js";

/** The mean of each map of `from`, as logits. */
export const pooled = (from: string): ModelNode[] => [
  node("GlobalAveragePool", [from], "p"),
  node("Flatten", ["p"], "y"),
];

/** `head` makes `h [N, 3, …]` of `x [N, 3, 8, 8]`; the pooled maps are the logits. */
export function withHead(
  head: readonly ModelNode[],
  constants: Readonly<Record<string, Tensor>> = {},
): Model {
  return modelOf([...head, ...pooled("h")], constants);
}

/** The model's classifier, read from its bytes as every command reads it. */
function read(model: Model, options: LoadOptions): Classifier {
  return classifierFromModel(readModel(writeModel(model), { place: "m.onnx" }), "m.onnx", options);
}

/** What is said of the model when it is read. */
export function refusal(model: Model, options: LoadOptions = {}): string {
  try {
    const classifier = read(model, options);
    bindBatch(classifier, 2);
    return "read";
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
}

export async function logits(model: Model, options: LoadOptions = {}): Promise<number[]> {
  const classifier = read(model, options);
  const batch = fixedBatchSize(classifier) ?? 2;
  const bound = bindBatch(classifier, batch);
  const program = await compile(bound.graph, { threads: 1 });
  const { channels, height, width } = classifier;
  const image = tensor("float32", [batch, channels, height, width]);
  image.data.forEach((_, i) => (image.data[i] = (i % 7) / 7));
  const result = await program.run({ [bound.image]: image });
  await program.dispose();
  return [...(result[bound.logits]!.data as Float32Array)].slice(0, 3);
}
