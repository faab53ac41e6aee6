import { isFloat, sizeOf, type Tensor } from "../../tensor/index.js";
import { specOf } from "../catalogue/index.js";
import type { Node } from "../graph.js";
import { inferOutputs } from "../infer.js";
import { evaluateConstant } from "../passes/evaluate-constant.js";
import type { ImportBuilder } from "./import-builder.js";

/** Longer constants are data. They are folded when the graph is compiled. */
const ARITHMETIC = 4096;

/**
 * Evaluates a node that computes with constants, as older exporters do to find pads and sizes: integers, booleans, and
 * floats computed from them. Arithmetic on the file's weights stays in the graph. `arithmetic` has the names that
 * earlier calls computed; this call adds its own.
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
  // Factors of sizes are floats of the file too. A constant longer than any computed one is a weight.
  const longest = floats.reduce((most, { length, made }) => (made ? Math.max(most, length) : most), 1);
  const isWeight = floats.some(({ length, made }) => !made && length > longest);
  const size = types.reduce((sum, { shape }) => sum + sizeOf(shape as number[]), 0);
  if (isWeight || size > ARITHMETIC) return undefined;
  const folded = evaluateConstant(node, inputs, types, undefined);
  if (folded !== undefined) for (const name of node.outputs) arithmetic.add(name);
  return folded;
}
