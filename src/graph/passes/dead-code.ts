import { attributesOf, specOf } from "../catalogue/index.js";
import type { Dim, Graph, Node } from "../graph.js";

/**
 * Removes what no output needs: nodes, initializers and value types. Unused outputs of other nodes are renamed "".
 * Graph inputs stay, unless `dropInputs` asks to remove unused ones.
 */
export function deadCode<D extends Dim>(graph: Graph<D>, options: { dropInputs?: boolean } = {}): Graph<D> {
  const needed = new Set(graph.outputs);
  const kept: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) if (input !== "") needed.add(input);
    kept.push(withoutUnused(node, needed));
  }
  const inputs = options.dropInputs === true ? graph.inputs.filter((name) => needed.has(name)) : graph.inputs;
  for (const input of inputs) needed.add(input);
  const produced = new Set([...inputs, ...kept.flatMap((node) => node.outputs)]);
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)));
  const values = new Map([...graph.values].filter(([name]) => produced.has(name) || initializers.has(name)));
  return { ...graph, inputs, nodes: kept.reverse(), initializers, values };
}

/** Drops unused optional outputs at the end, and renames those before used ones "". */
function withoutUnused(node: Node, needed: ReadonlySet<string>): Node {
  const spec = specOf(node.op);
  const obligatory = spec.obligatoryOutputs?.(attributesOf(node)) ?? spec.outputs[0];
  const outputs = node.outputs.map((output, i) => (i < obligatory || needed.has(output) ? output : ""));
  while (outputs.at(-1) === "") outputs.pop();
  return { ...node, outputs };
}
