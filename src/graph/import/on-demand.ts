import { sizeOf, type Tensor } from "../../tensor/index.js";
import { specOf } from "../catalogue/index.js";
import type { Dim, Node, Value } from "../graph.js";
import { inferOutputs } from "../infer.js";
import { evaluateConstant } from "../passes/evaluate-constant.js";
import type { ImportBuilder } from "./import-builder.js";

/** Most elements of a value evaluated while a model is read. Masks and position tables are far smaller. */
const LARGEST = 2 ** 24;

/**
 * Evaluates a value that depends only on constants, however long they are. Returns undefined if it depends on more, or
 * if an op on the way cannot be evaluated. Shapes, axes and indices are found this way. `evaluated` caches the results.
 */
export function evaluateOnDemand(
  value: Value<Dim>,
  g: ImportBuilder,
  evaluated: Map<string, Tensor>,
): Tensor | undefined {
  const known = (name: string): Tensor | undefined => evaluated.get(name) ?? g.storedConstant(g.value(name));
  const order = nodesBefore(value, g, known);
  for (const node of order ?? []) {
    const inputs = node.inputs.map((name) => (name === "" ? undefined : known(name)));
    const types = inferOutputs(
      node,
      specOf(node.op),
      inputs.map((data) => data && { dtype: data.dtype, shape: data.shape, constant: data }),
    );
    if (types.some(({ shape }) => sizeOf(shape as number[]) > LARGEST)) return undefined;
    const outputs = evaluateConstant(node, inputs, types, undefined, { isRounded: true });
    if (outputs === undefined) return undefined;
    node.outputs.forEach((name, i) => name !== "" && evaluated.set(name, outputs[i]!));
  }
  return evaluated.get(value.name);
}

/** The nodes that a value is computed by, in order; undefined if it depends on an input of the graph. */
function nodesBefore(
  value: Value<Dim>,
  g: ImportBuilder,
  known: (name: string) => Tensor | undefined,
): readonly Node[] | undefined {
  if (!g.isConstant(value)) return undefined;
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { readonly node: Node; readonly entered: boolean }[] = [];
  const visit = (name: string): void => {
    const node = name === "" || known(name) !== undefined ? undefined : g.producer(g.value(name));
    if (node !== undefined && !seen.has(node)) stack.push({ node, entered: false });
  };
  visit(value.name);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.entered) order.push(next.node);
    else if (!seen.has(next.node)) {
      seen.add(next.node);
      stack.push({ node: next.node, entered: true });
      next.node.inputs.forEach(visit);
    }
  }
  return order;
}
