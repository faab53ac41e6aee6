import { sizeOf, type Tensor } from "../../tensor/index.js";
import type { GraphBuilder } from "../builder.js";
import { specOf } from "../catalogue/index.js";
import type { Dim, Node, Value } from "../graph.js";
import { inferOutputs } from "../infer.js";
import { evaluateConstant } from "./evaluate-constant.js";

/**
 * Evaluates a node whose inputs are known before running, if its outputs have at most `limit` elements in all. `Shape`
 * of a value with bound dimensions is known even if the value is not.
 */
export function fold<D extends Dim>(
  node: Node,
  g: GraphBuilder<D>,
  limit: number,
): readonly Value<D>[] | undefined {
  const inputs = g.inputsOf(node);
  const constants = inputs.map((input) => input && g.constantOf(input));
  const shape = node.op === "Shape" || node.op === "Size" ? inputs[0]!.shape : undefined;
  const shapeKnown = shape?.every((dim) => typeof dim === "number") ?? false;
  if (!shapeKnown && inputs.some((input, i) => input !== undefined && constants[i] === undefined))
    return undefined;
  const types = inferOutputs(
    node,
    specOf(node.op),
    inputs.map((input, i) => input && { ...input, constant: constants[i] }),
  );
  const size = types.reduce((sum, each) => sum + boundSize(each.shape), 0);
  if (size > limit) return undefined;
  const folded = evaluateConstant(
    node,
    constants,
    types,
    shapeKnown ? (shape as readonly number[]) : undefined,
  );
  return folded?.map((data: Tensor, i) => g.initializer(node.outputs[i]!, data));
}

function boundSize(shape: readonly Dim[]): number {
  return shape.every((dim) => typeof dim === "number") ? sizeOf(shape) : Infinity;
}
