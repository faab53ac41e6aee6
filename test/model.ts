import type { Attribute, Model, ModelNode, ValueInfo } from "../src/onnx/index.js";
import { int64, tensor, type Tensor } from "../src/tensor/index.js";

export const ints = (...value: number[]): Attribute => ({ kind: "ints", value });
export const int = (value: number): Attribute => ({ kind: "int", value });
export const text = (value: string): Attribute => ({ kind: "string", value });
export const real = (value: number): Attribute => ({ kind: "float", value });

export const vector = (...values: number[]): Tensor => int64([values.length], values);
export const big = (...values: bigint[]): Tensor =>
  tensor("int64", [values.length], BigInt64Array.from(values));

/** A node that is called as its first output is. */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: string | readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): ModelNode {
  const names = [outputs].flat();
  return {
    name: names[0]!,
    opType,
    domain: "",
    inputs,
    outputs: names,
    attributes: new Map(Object.entries(attributes)),
  };
}

/** What {@link modelOf} makes otherwise than by default. */
export interface ModelChanges {
  readonly opset?: number;
  readonly input?: Partial<ValueInfo>;
  readonly output?: string;
}

/** A model from `x [N, 3, 8, 8]` to `y`. */
export function modelOf(
  nodes: readonly ModelNode[],
  constants: Readonly<Record<string, Tensor>> = {},
  { opset = 17, input = {}, output = "y" }: ModelChanges = {},
): Model {
  return {
    irVersion: 8,
    producerName: "test",
    producerVersion: "",
    opsets: new Map([["", opset]]),
    metadata: new Map(),
    functions: [],
    graph: {
      name: "g",
      nodes,
      inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8], ...input }],
      outputs: [{ name: output, dtype: "float32", shape: undefined }],
      valueInfo: [],
      initializers: new Map(Object.entries(constants)),
    },
  };
}
