import { expect } from "vitest";
import { modelOf } from "./fuzz/seeds.js";
import { InputError } from "../src/errors/index.js";
import { bindBatch, classifierFromModel, fixedBatchSize, type LoadOptions } from "../src/models/index.js";
import { readModel, writeModel, type Attribute, type Model, type ModelNode } from "../src/onnx/index.js";
import { compile } from "../src/runtime/index.js";
import { int64, tensor, type Tensor } from "../src/tensor/index.js";

export const ints = (...value: number[]): Attribute => ({ kind: "ints", value });
export const int = (value: number): Attribute => ({ kind: "int", value });

export function node(
  opType: string,
  inputs: string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): ModelNode {
  const entries = Object.entries(attributes);
  return { name: output, opType, domain: "", inputs, outputs: [output], attributes: new Map(entries) };
}

/** `head` makes `h [N, 3, …]` of `x [N, 3, 8, 8]`; the pooled maps are the logits. */
export function withHead(
  head: readonly ModelNode[],
  constants: Readonly<Record<string, Tensor>> = {},
): Model {
  return modelOf([...head, node("GlobalAveragePool", ["h"], "p"), node("Flatten", ["p"], "y")], constants);
}

export const vector = (...values: number[]): Tensor => int64([values.length], values);
export const big = (...values: bigint[]): Tensor =>
  tensor("int64", [values.length], BigInt64Array.from(values));

/** What is said of the model, read from its bytes as every command reads it. */
export function refusal(model: Model, options: LoadOptions = {}): string {
  try {
    const classifier = classifierFromModel(
      readModel(writeModel(model), { place: "m.onnx" }),
      "m.onnx",
      options,
    );
    bindBatch(classifier, 2);
    return "read";
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
}

export async function logits(model: Model, options: LoadOptions = {}): Promise<number[]> {
  const classifier = classifierFromModel(
    readModel(writeModel(model), { place: "m.onnx" }),
    "m.onnx",
    options,
  );
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

export const pooled = (from: string): ModelNode[] => [
  node("GlobalAveragePool", [from], "p"),
  node("Flatten", ["p"], "y"),
];
