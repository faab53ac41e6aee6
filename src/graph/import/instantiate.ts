import type { Attribute, ModelGraph, ModelNode } from "../../onnx/index.js";
import type { Tensor } from "../../tensor/index.js";

/** A copy of a file's subgraph whose own names are unique to this instance. */
export interface Instance {
  readonly nodes: readonly ModelNode[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly outputs: readonly string[];
}

/**
 * Copies the body of a control-flow node as nodes of the graph around it.
 *
 * @param prefix becomes part of every name that the body defines.
 * @param bindings the values that replace the body's inputs.
 */
export function instantiate(
  body: Pick<ModelGraph, "nodes" | "initializers" | "inputs" | "outputs">,
  prefix: string,
  bindings: ReadonlyMap<string, string>,
): Instance {
  const own = definedBy(body);
  const rename = (name: string): string => bindings.get(name) ?? (own.has(name) ? `${prefix}/${name}` : name);
  return {
    nodes: body.nodes.map((node) => renamedNode(node, prefix, rename)),
    initializers: new Map([...body.initializers].map(([name, data]) => [rename(name), data])),
    outputs: body.outputs.map(({ name }) => rename(name)),
  };
}

/** The names that a graph defines. Names that it only reads belong to the graph around it. */
function definedBy({
  nodes,
  initializers,
  inputs,
}: Pick<ModelGraph, "nodes" | "initializers" | "inputs">): Set<string> {
  const names = new Set([...inputs.map(({ name }) => name), ...initializers.keys()]);
  for (const { outputs } of nodes) for (const output of outputs) names.add(output);
  names.delete("");
  return names;
}

/** Renames a node and its values. Subgraphs inside it follow, except for names that they define themselves. */
export function renamedNode(node: ModelNode, prefix: string, rename: (name: string) => string): ModelNode {
  const named = (name: string): string => (name === "" ? "" : rename(name));
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    attributes.set(
      name,
      attribute.kind === "graph"
        ? { kind: "graph", value: renamedGraph(attribute.value, prefix, rename) }
        : attribute,
    );
  }
  return {
    ...node,
    name: `${prefix}/${node.name || node.outputs[0] || node.opType}`,
    inputs: node.inputs.map(named),
    outputs: node.outputs.map(named),
    attributes,
  };
}

function renamedGraph(graph: ModelGraph, prefix: string, rename: (name: string) => string): ModelGraph {
  const own = definedBy(graph);
  const inner = (name: string): string => (own.has(name) ? `${prefix}/${name}` : rename(name));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => renamedNode(node, prefix, inner)),
    inputs: graph.inputs.map((value) => ({ ...value, name: inner(value.name) })),
    outputs: graph.outputs.map((value) => ({ ...value, name: inner(value.name) })),
    initializers: new Map([...graph.initializers].map(([name, data]) => [inner(name), data])),
  };
}

/** The names that a node and the subgraphs inside it read. */
export function readsOf(node: ModelNode): string[] {
  const captured = [...node.attributes.values()].flatMap((attribute) => {
    if (attribute.kind !== "graph") return [];
    const own = definedBy(attribute.value);
    const inner = attribute.value.nodes.flatMap(readsOf);
    return [...inner, ...attribute.value.outputs.map(({ name }) => name)].filter((name) => !own.has(name));
  });
  return [...node.inputs, ...captured].filter((name) => name !== "");
}
