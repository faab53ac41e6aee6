/**
 * A float64 interpreter of the op catalogue: the independent opinion that forward kernels,
 * finite differences and gradient graphs are held against. Slow and plain on purpose.
 */
import {
  attributesOf,
  inferContext,
  specOf,
  type Graph,
  type Node,
  type OpType,
} from "../../src/graph/index.js";
import { tensor, toNumbers, type Tensor } from "../../src/tensor/index.js";
import type { Nd } from "./array.js";
import { ELEMENTWISE_KERNELS } from "./elementwise.js";
import type { Kernel, Kernels } from "./kernel.js";
import { ACTIVATIONS_KERNELS } from "./activations.js";
import { NORMALISATION_KERNELS } from "./normalisation.js";
import { CONTRACTION_KERNELS } from "./contraction.js";
import { INDEXING_KERNELS } from "./indexing.js";
import { CONVOLUTION_KERNELS } from "./convolution.js";
import { POOLING_KERNELS } from "./pooling.js";
import { REDUCTION_KERNELS } from "./reduction.js";
import { SHAPING_KERNELS } from "./shaping.js";

/** One kernel an op: an op of the catalogue without one does not compile. */
export const KERNELS: Kernels<OpType> = {
  ...ELEMENTWISE_KERNELS,
  ...SHAPING_KERNELS,
  ...CONVOLUTION_KERNELS,
  ...POOLING_KERNELS,
  ...REDUCTION_KERNELS,
  ...ACTIVATIONS_KERNELS,
  ...NORMALISATION_KERNELS,
  ...CONTRACTION_KERNELS,
  ...INDEXING_KERNELS,
};

/** Every value of a graph, by name, in float64 whatever its type says. */
export function evaluate(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
): Record<string, Tensor<"float64">> {
  const values = new Map<string, Nd>();
  for (const [name, data] of [...graph.initializers, ...Object.entries(feeds)]) values.set(name, asNd(data));
  for (const node of graph.nodes) {
    const outputs = runNode(graph, node, values);
    node.outputs.forEach((name, i) => name !== "" && values.set(name, outputs[i]!));
  }
  return Object.fromEntries(
    [...values].map(([name, { shape, data }]) => [name, tensor("float64", shape, data)]),
  );
}

function asNd(data: Tensor): Nd {
  return { shape: data.shape, data: Float64Array.from(toNumbers(data)) };
}

function runNode(graph: Graph, node: Node, values: ReadonlyMap<string, Nd>): readonly Nd[] {
  const { op } = node;
  const types = node.inputs.map((name) =>
    name === "" ? undefined : { ...graph.values.get(name)!, constant: graph.initializers.get(name) },
  );
  const inputs = node.inputs.map((name) => (name === "" ? undefined : values.get(name)));
  const missing = node.inputs.find((name, i) => name !== "" && inputs[i] === undefined);
  if (missing !== undefined) throw new Error(`node "${node.name}": "${missing}" was not fed`);
  return (KERNELS[op] as Kernel)({
    inputs,
    shapes: node.outputs.map((name) => graph.values.get(name)?.shape ?? []),
    attributes: attributesOf(node),
    types: inferContext(types, node.outputs.length, node.attributes, specOf(op)),
    integer: types[0]?.dtype.includes("int") ?? false,
  });
}
