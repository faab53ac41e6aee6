import { sizeOf, type Tensor } from "../../tensor/index.js";
import { isKnownOp, OP_CATALOGUE } from "../catalogue/index.js";
import type { Dim, Graph, Node, Value } from "../graph.js";
import { inferOutputs, ShapeError, type OutputType } from "../infer.js";
import { evaluateConstant } from "./evaluate-constant.js";

export interface RebuildOptions {
  /** Evaluate nodes whose inputs are all known, up to this many elements; 0 folds nothing. */
  readonly foldLimit: number;
}

/**
 * Walks the nodes in order, infers every type anew and evaluates what is known before
 * running. `Shape` of a value with bound dimensions is known even when the value is not.
 *
 * @throws ShapeError naming the node whose typing rule is broken.
 */
export function rebuild<D extends Dim>(
  graph: Graph<Dim>,
  inputTypes: ReadonlyMap<string, Value<D>>,
  { foldLimit }: RebuildOptions,
): Graph<D> {
  const values = new Map<string, Value<D>>(inputTypes);
  const initializers = new Map(graph.initializers);
  for (const [name, data] of initializers) {
    values.set(name, { name, dtype: data.dtype, shape: data.shape as readonly D[] });
  }
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const types = infer(node, values, initializers);
    const size = types.reduce((sum, { shape }) => sum + boundSize(shape), 0);
    const folded = size <= foldLimit ? fold(node, types, values, initializers) : undefined;
    if (folded === undefined) nodes.push(node);
    for (const [i, name] of node.outputs.entries()) {
      if (name === "") continue;
      values.set(name, { name, dtype: types[i]!.dtype, shape: types[i]!.shape as readonly D[] });
      if (folded !== undefined) initializers.set(name, folded[i]!);
    }
  }
  return { ...graph, nodes, values, initializers };
}

function boundSize(shape: readonly Dim[]): number {
  return shape.every((dim) => typeof dim === "number") ? sizeOf(shape) : Infinity;
}

function infer(
  node: Node,
  values: ReadonlyMap<string, Value<Dim>>,
  initializers: ReadonlyMap<string, Tensor>,
): readonly OutputType[] {
  if (!isKnownOp(node.op))
    throw new ShapeError(`op ${node.op} is not in the catalogue`, `node "${node.name}"`);
  const inputs = node.inputs.map((name) => {
    if (name === "") return undefined;
    const value = values.get(name);
    if (value === undefined) {
      throw new ShapeError(`input "${name}" is not defined before it`, `node "${node.name}" (${node.op})`);
    }
    return { dtype: value.dtype, shape: value.shape, constant: initializers.get(name) };
  });
  return inferOutputs(node, OP_CATALOGUE[node.op], inputs);
}

function fold(
  node: Node,
  types: readonly OutputType[],
  values: ReadonlyMap<string, Value<Dim>>,
  initializers: ReadonlyMap<string, Tensor>,
): readonly Tensor[] | undefined {
  const inputs = node.inputs.map((name) => (name === "" ? undefined : initializers.get(name)));
  const known = node.inputs.every((name, i) => name === "" || inputs[i] !== undefined);
  const shape = node.op === "Shape" ? values.get(node.inputs[0]!)!.shape : undefined;
  const shapeKnown = shape?.every((dim) => typeof dim === "number") ?? false;
  if (!known && !shapeKnown) return undefined;
  return evaluateConstant(node, inputs, types, shapeKnown ? (shape as readonly number[]) : undefined);
}
