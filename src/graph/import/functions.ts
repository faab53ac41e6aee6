import type { Attribute, Model, ModelFunction, ModelGraph, ModelNode } from "../../onnx/index.js";
import { renamedNode } from "./instantiate.js";
import { Unsupported } from "./raise.js";

/** A node with the opset it is written in. A function may use another opset than the model. */
export interface ScopedNode {
  readonly node: ModelNode;
  readonly opset: number;
}

/** Deepest nesting of function calls. No exporter goes deeper. */
const DEEPEST = 32;
/** Most nodes of a model after its functions are inlined. */
export const MOST_NODES = 20_000;

/**
 * The nodes of a model with its own functions inlined.
 *
 * @throws Unsupported if functions call each other endlessly or expand to too many nodes.
 */
export function withoutFunctions({ graph, functions, opsets }: Model): readonly ScopedNode[] {
  const opset = opsets.get("") ?? 0;
  if (functions.length === 0) return graph.nodes.map((node) => ({ node, opset }));
  const known = new Map(functions.map((body) => [keyOf(body.domain, body.name), body]));
  const nodes: ScopedNode[] = [];
  let calls = 0;
  const add = (node: ModelNode, scope: number, depth: number): void => {
    const body = known.get(keyOf(node.domain, node.opType));
    if (++calls > MOST_NODES) throw new Unsupported(`its functions expand to more than ${MOST_NODES} nodes`);
    if (body === undefined) {
      nodes.push({ node, opset: scope });
      return;
    }
    if (depth > DEEPEST) throw new Unsupported(`its function calls nest more than ${DEEPEST} deep`);
    // The call's name is unique or empty; its first output is always unique.
    const prefix = `${node.name || body.name}:${node.outputs.find((name) => name !== "") ?? calls}`;
    for (const inner of bodyOf(body, node, prefix)) add(inner, body.opsets.get("") ?? scope, depth + 1);
  };
  for (const node of graph.nodes) add(node, opset, 0);
  return nodes;
}

const keyOf = (domain: string, name: string): string => `${domain}\0${name}`;

function bodyOf(body: ModelFunction, call: ModelNode, prefix: string): ModelNode[] {
  const names = new Map<string, string>();
  body.inputs.forEach((name, i) => names.set(name, call.inputs[i] ?? ""));
  body.outputs.forEach((name, i) => {
    const output = call.outputs[i];
    if (output !== undefined && output !== "") names.set(name, output);
  });
  const rename = (name: string): string => names.get(name) ?? `${prefix}/${name}`;
  const copies = body.outputs.flatMap((name, i): ModelNode[] => {
    // An output that is also an input is not computed by a node.
    const output = call.outputs[i];
    const source = body.inputs.indexOf(name);
    if (source < 0 || output === undefined || output === "") return [];
    names.set(name, call.inputs[source] ?? "");
    const inputs = [call.inputs[source] ?? ""];
    return [
      {
        name: `${prefix}/copy-${i}`,
        opType: "Identity",
        domain: "",
        inputs,
        outputs: [output],
        attributes: new Map(),
      },
    ];
  });
  return [
    ...body.nodes.map((node) => renamedNode(withArguments(node, body, call), prefix, rename)),
    ...copies,
  ];
}

/** Replaces a node's references to attributes by those of the call, or by the function's defaults. */
function withArguments(node: ModelNode, body: ModelFunction, call: ModelNode): ModelNode {
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    const given =
      attribute.kind === "reference"
        ? (call.attributes.get(attribute.value) ?? body.defaults.get(attribute.value))
        : attribute.kind === "graph"
          ? { kind: "graph" as const, value: graphWithArguments(attribute.value, body, call) }
          : attribute;
    // An attribute that neither gives has the op's own default.
    if (given !== undefined) attributes.set(name, given);
  }
  return { ...node, attributes };
}

function graphWithArguments(graph: ModelGraph, body: ModelFunction, call: ModelNode): ModelGraph {
  return { ...graph, nodes: graph.nodes.map((node) => withArguments(node, body, call)) };
}
