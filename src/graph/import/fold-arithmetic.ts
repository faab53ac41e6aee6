import { isFloat, sizeOf, type Tensor } from "../../tensor/index.js";
import { specOf } from "../catalogue/index.js";
import type { Node } from "../graph.js";
import { inferOutputs } from "../infer.js";
import { evaluateConstant } from "../passes/evaluate-constant.js";
import type { ImportBuilder } from "./import-builder.js";

/** Longer constants are data, which is left for when the graph is compiled. */
const ARITHMETIC = 4096;

/**
 * The outputs of a node that computes with constants of the graph itself, as older exporters do to find pads and sizes:
 * integers, truth values, and the floats that come of them. Arithmetic on the file's own weights stays. `arithmetic` are
 * the names that it has made before, to which its own are added.
 */
export function foldArithmetic(
  node: Node,
  g: ImportBuilder,
  arithmetic: Set<string>,
): readonly Tensor[] | undefined {
  const inputs = node.inputs.map((name) => (name === "" ? undefined : g.storedConstant(g.value(name))));
  if (node.inputs.some((name, i) => name !== "" && inputs[i] === undefined)) return undefined;
  const types = inferOutputs(
    node,
    specOf(node.op),
    inputs.map((data) => data && { dtype: data.dtype, shape: data.shape, constant: data }),
  );
  const floats = node.inputs.flatMap((name, i) => {
    const data = inputs[i];
    return data !== undefined && isFloat(data.dtype)
      ? [{ length: data.data.length, made: arithmetic.has(name) }]
      : [];
  });
  // Factors of sizes are in the file as well; what is longer than any size is a weight.
  const longest = floats.reduce((most, { length, made }) => (made ? Math.max(most, length) : most), 1);
  const isWeight = floats.some(({ length, made }) => !made && length > longest);
  const size = types.reduce((sum, { shape }) => sum + sizeOf(shape as number[]), 0);
  if (isWeight || size > ARITHMETIC) return undefined;
  const folded = evaluateConstant(node, inputs, types, undefined);
  if (folded !== undefined) for (const name of node.outputs) arithmetic.add(name);
  return folded;
}
