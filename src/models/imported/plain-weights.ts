import type { Model, ModelNode } from "../../onnx/index.js";
import { float32, int64, isFloat, sizeOf, tensor, toNumbers, type Tensor } from "../../tensor/index.js";
import { asType } from "./half.js";

/**
 * The same model with every weight as a separate initializer, whose values can be changed:
 *
 * - constants of Constant nodes become initializers;
 * - an Identity of a weight, which exporters write for equal weights, becomes a weight;
 * - BatchNormalizations that share scale, shift or statistics (only because their values are equal) get their own;
 * - quantised weights, followed by a DequantizeLinear, become floats.
 */
export function plainWeights(model: Model): { readonly model: Model; readonly dequantised: number } {
  const initializers = new Map(model.graph.initializers);
  const nodes: ModelNode[] = [];
  const taken = new Set<string>();
  let dequantised = 0;
  for (const node of model.graph.nodes) {
    const [output] = node.outputs;
    const data = output === undefined ? undefined : constantOf(node, initializers);
    if (data !== undefined) {
      initializers.set(output!, data);
      if (node.opType === "DequantizeLinear") dequantised++;
    } else if (node.opType === "BatchNormalization" && node.domain === "") {
      nodes.push(ownStatistics(node, initializers, taken));
    } else nodes.push(node);
  }
  if (dequantised > 0) dropUnread(initializers, nodes, model);
  return {
    model: {
      ...model,
      // Before this version, initializers had to be inputs as well.
      irVersion: Math.max(4, model.irVersion),
      graph: { ...model.graph, nodes, initializers },
    },
    dequantised,
  };
}

/** Drops initializers that are no longer read, such as the quantised weights. */
function dropUnread(initializers: Map<string, Tensor>, nodes: readonly ModelNode[], { graph }: Model): void {
  const read = new Set([...graph.outputs.map(({ name }) => name), ...nodes.flatMap(({ inputs }) => inputs)]);
  for (const name of initializers.keys()) if (!read.has(name)) initializers.delete(name);
}

/** The value of a node's first output, if it is constant. */
function constantOf(node: ModelNode, initializers: ReadonlyMap<string, Tensor>): Tensor | undefined {
  if (node.domain !== "") return undefined;
  const input = (i: number): Tensor | undefined => initializers.get(node.inputs[i] ?? "");
  if (node.opType === "Constant") return valueOf(node);
  if (node.opType === "Identity") return input(0);
  if (node.opType === "DequantizeLinear") return dequantise(node, input(0), input(1), input(2));
  return undefined;
}

function valueOf({ attributes }: ModelNode): Tensor | undefined {
  for (const [name, attribute] of attributes) {
    if (name === "value" && attribute.kind === "tensor") return attribute.value;
    if (name === "value_int" && attribute.kind === "int") return int64([], [attribute.value]);
    if (name === "value_ints" && attribute.kind === "ints") {
      return int64([attribute.value.length], attribute.value);
    }
    if (name === "value_float" && attribute.kind === "float") return float32([], [attribute.value]);
    if (name === "value_floats" && attribute.kind === "floats") {
      return float32([attribute.value.length], attribute.value);
    }
  }
  return undefined;
}

/** y = (x − zero) · scale, with one scale for all or one for each index of an axis; undefined for blocks. */
function dequantise(
  { inputs, attributes }: ModelNode,
  x: Tensor | undefined,
  scale: Tensor | undefined,
  zero: Tensor | undefined,
): Tensor | undefined {
  if (x === undefined || scale === undefined || !isFloat(scale.dtype)) return undefined;
  if (zero === undefined && (inputs[2] ?? "") !== "") return undefined;
  const given = attributes.get("axis");
  const axis = given?.kind === "int" ? (given.value + x.shape.length) % x.shape.length : 1;
  const [scales, zeros] = [toNumbers(scale), zero === undefined ? [0] : toNumbers(zero)];
  if (scales.length !== 1 && (scale.shape.length !== 1 || scales.length !== x.shape[axis])) return undefined;
  const inner = sizeOf(x.shape.slice(axis + 1));
  const numbers = toNumbers(x);
  const data = Float32Array.from(numbers, (value, i) => {
    const place = scales.length === 1 ? 0 : Math.floor(i / inner) % scales.length;
    return (value - (zeros[place] ?? zeros[0]!)) * scales[place]!;
  });
  return asType(scale.dtype, tensor("float32", x.shape, data));
}

function ownStatistics(node: ModelNode, initializers: Map<string, Tensor>, taken: Set<string>): ModelNode {
  const inputs = node.inputs.map((name, i) => {
    const data = initializers.get(name);
    if (i === 0 || data === undefined) return name;
    let own = name;
    for (let copy = 1; taken.has(own); copy++) own = `${name}.${copy}`;
    while (own !== name && initializers.has(own)) own += "_";
    taken.add(own);
    if (own !== name) initializers.set(own, data);
    return own;
  });
  return { ...node, inputs };
}
