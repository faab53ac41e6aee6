import { producers, type Graph } from "../../graph/index.js";

/**
 * Gives what is put out by an Identity the output's name where it is made: ONNX Runtime copies it where something else
 * reads it as well, as the next step's velocity does.
 */
export function namedOutputs(graph: Graph): Graph {
  const made = producers(graph);
  const outputs = new Set(graph.outputs);
  const renamed = new Map<string, string>();
  for (const output of graph.outputs) {
    const node = made.get(output);
    const source = node?.op === "Identity" ? node.inputs[0]! : undefined;
    // Inputs and constants are put out as they are; of two outputs that are one value, one is a copy.
    if (source === undefined || !made.has(source) || outputs.has(source) || renamed.has(source)) continue;
    renamed.set(source, output);
  }
  if (renamed.size === 0) return graph;
  const name = (value: string): string => renamed.get(value) ?? value;
  const copies = new Set([...renamed.values()].map((output) => made.get(output)!));
  return {
    ...graph,
    nodes: graph.nodes
      .filter((node) => !copies.has(node))
      .map((node) => ({ ...node, inputs: node.inputs.map(name), outputs: node.outputs.map(name) })),
    values: new Map([...graph.values].filter(([value]) => !renamed.has(value))),
  };
}
