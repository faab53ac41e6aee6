import { deadCode, isNode, rewrite, type Graph, type GraphBuilder, type Value } from "../../graph/index.js";

/**
 * The gradient of y = x · σ(x), as SiLU is written, in four passes rather than six:
 *
 *   u σ + (u x) · (σ (1 − σ))  →  u · (σ + y (1 − σ))
 */
export function swishGradients(graph: Graph): Graph {
  if (!graph.nodes.some((node) => isNode(node, "Sigmoid"))) return graph;
  /** y by its σ, both by name. */
  const swishes = new Map<string, string>();
  const rewritten = rewrite<number>(graph, (node, g) => {
    if (isNode(node, "Mul")) {
      const [a, b] = g.inputsOf(node) as [Value, Value];
      for (const [x, sigmoid] of [
        [a, b],
        [b, a],
      ] as const) {
        if (sigmoidOf(g, sigmoid) === x.name) swishes.set(sigmoid.name, node.outputs[0]!);
      }
      return undefined;
    }
    if (!isNode(node, "Add")) return undefined;
    const [a, b] = g.inputsOf(node) as [Value, Value];
    const gradient = gradientOf(g, swishes, a, b) ?? gradientOf(g, swishes, b, a);
    return gradient && [gradient];
  });
  return deadCode(rewritten);
}

/** u · (σ + y (1 − σ)) where the terms are u σ and (u x) · (σ (1 − σ)). */
function gradientOf(
  g: GraphBuilder,
  swishes: ReadonlyMap<string, string>,
  term: Value,
  other: Value,
): Value | undefined {
  for (const [cotangent, sigmoid] of factorsOf(g, term)) {
    const [x, swish] = [sigmoidOf(g, sigmoid), swishes.get(sigmoid.name)];
    if (x === undefined || swish === undefined) continue;
    for (const [outer, inner] of factorsOf(g, other)) {
      const isOuter = factorsOf(g, outer).some(([u, v]) => u.name === cotangent.name && v.name === x);
      const rest = factorsOf(g, inner).find(([s, v]) => s.name === sigmoid.name && isRest(g, v, s))?.[1];
      if (!isOuter || rest === undefined) continue;
      return g.op("Mul", [cotangent, g.op("Add", [sigmoid, g.op("Mul", [g.value(swish), rest])])]);
    }
  }
  return undefined;
}

/** What a value is the sigmoid of. */
function sigmoidOf(g: GraphBuilder, value: Value): string | undefined {
  const node = g.producer(value);
  return isNode(node, "Sigmoid") ? node.inputs[0] : undefined;
}

/** The factors of a product, in both orders; none of what is no product. */
function factorsOf(g: GraphBuilder, value: Value): readonly (readonly [Value, Value])[] {
  const node = g.producer(value);
  if (!isNode(node, "Mul")) return [];
  const [a, b] = g.inputsOf(node) as [Value, Value];
  return [
    [a, b],
    [b, a],
  ];
}

/** Whether a value is 1 − σ. */
function isRest(g: GraphBuilder, value: Value, sigmoid: Value): boolean {
  const node = g.producer(value);
  if (!isNode(node, "Sub") || node.inputs[1] !== sigmoid.name) return false;
  const one = g.constantOf(g.value(node.inputs[0]!))?.data;
  return one?.length === 1 && one[0] === 1;
}
