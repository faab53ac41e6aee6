import { sizeOf } from "../tensor/index.js";
import { specOf, type Dim, type Graph, type Value } from "../graph/index.js";
import type { Tap } from "./classifier.js";

/** A ResNet has as many groups. */
const MOST_TAPS = 4;

interface Candidate {
  readonly value: Value<Dim>;
  readonly activation: boolean;
}

/**
 * The taps of a network that names none: at each spatial size, the last activation that
 * everything after depends on (no skip connection passes it by), or the last such value where
 * none is an activation. Of the sizes above 1×1 the last four: in a ResNet, the ends of its groups.
 */
export function guessTaps(graph: Graph<Dim>, image: string): readonly Tap[] {
  const bySize = new Map<string, Candidate>();
  for (const candidate of bottlenecks(graph, image)) {
    const [, , ...spatial] = candidate.value.shape;
    const isImage = spatial.length === 2 && spatial.every((dim) => typeof dim === "number");
    if (!isImage || sizeOf(spatial) === 1) continue;
    const key = spatial.join();
    if (candidate.activation || bySize.get(key)?.activation !== true) bySize.set(key, candidate);
  }
  return [...bySize.values()]
    .slice(-MOST_TAPS)
    .map(({ value }, group) => ({ name: `group-${group}`, value: value.name }));
}

/** Values that every path from the image to the end passes, in order. */
function bottlenecks(graph: Graph<Dim>, image: string): Candidate[] {
  const lastUse = new Map<string, number>(graph.outputs.map((name) => [name, Infinity]));
  graph.nodes.forEach((node, i) => {
    for (const input of node.inputs) if (!graph.outputs.includes(input)) lastUse.set(input, i);
  });
  const fromImage = new Set([image]);
  /** Greatest last use of what the image has given so far. */
  let open = lastUse.get(image) ?? -1;
  const found: Candidate[] = [];
  graph.nodes.forEach((node, i) => {
    if (!node.inputs.some((input) => fromImage.has(input))) return;
    const [output] = node.outputs;
    // Nothing from before is read after this node: all goes through its output.
    if (open <= i && output !== undefined) {
      found.push({ value: graph.values.get(output)!, activation: specOf(node.op).activation === true });
    }
    for (const name of node.outputs) {
      if (name === "") continue;
      fromImage.add(name);
      open = Math.max(open, lastUse.get(name) ?? -1);
    }
  });
  return found;
}
