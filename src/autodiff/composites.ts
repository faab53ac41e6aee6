import { isNode, type GraphBuilder, type Node, type Value } from "../graph/index.js";

/** A function of one value that a file computes in several nodes, differentiated as one: in fewer passes than part by part. */
export interface Composite {
  readonly input: Value;
  /** The other values that take part: what is computed on the way, and constant numbers. */
  readonly parts: readonly string[];
  /** Emits the derivative, in the shape of the input. */
  slope(): Value;
}

/** The function that a node ends, if it is one that is known. */
export function compositeOf(g: GraphBuilder, node: Node): Composite | undefined {
  return isNode(node, "Mul") ? geluOf(g, node) : undefined;
}

/** k · x · (a + erf(c x)), in any order of the factors: GELU as exporters write it before opset 20, with k = ½, a = 1, c = 1 / √2. */
function geluOf(g: GraphBuilder, node: Node<"Mul">): Composite | undefined {
  const [a, b] = g.inputsOf(node) as [Value, Value];
  for (const [product, third] of [
    [a, b],
    [b, a],
  ] as const) {
    const inner = g.producer(product);
    if (!isNode(inner, "Mul")) continue;
    const factors = [...(g.inputsOf(inner) as [Value, Value]), third];
    const gate = factors.find((factor) => erfOf(g, factor) !== undefined);
    const scale = factors.find((factor) => numberOf(g, factor) !== undefined);
    const input = factors.find((factor) => factor !== gate && factor !== scale);
    if (!gate || !scale || !input) continue;
    const [u, k] = [erfOf(g, gate)!, numberOf(g, scale)!];
    if (k <= 0 || !isMultiple(g, u, input)) continue;
    const read = [gate, u].flatMap((value) => g.producer(value)!.inputs);
    return {
      input,
      parts: [product, gate, scale, u]
        .map(({ name }) => name)
        .concat(read.filter((name) => name !== input.name)),
      slope: () => geluSlope(g, u, k, g.op("Mul", [gate, scale])),
    };
  }
  return undefined;
}

/** ∂ k x (a + erf u) = k (a + erf u) + 2k / √π · u e^(−u²), u being a multiple of x; `first` is the first term. */
export function geluSlope(g: GraphBuilder, u: Value, k: number, first: Value): Value {
  const exponent = g.op("Sub", [g.scalar(Math.log((2 * k) / Math.sqrt(Math.PI)), u), g.op("Mul", [u, u])]);
  return g.op("Add", [first, g.op("Mul", [u, g.op("Exp", [exponent])])]);
}

/** u of a + erf u. */
function erfOf(g: GraphBuilder, value: Value): Value | undefined {
  const sum = g.producer(value);
  if (!isNode(sum, "Add")) return undefined;
  const [a, b] = g.inputsOf(sum) as [Value, Value];
  const other = numberOf(g, b) !== undefined ? a : numberOf(g, a) !== undefined ? b : undefined;
  const erf = other && g.producer(other);
  return isNode(erf, "Erf") ? g.value(erf.inputs[0]!) : undefined;
}

/** Whether u is x times or by a constant number. */
function isMultiple(g: GraphBuilder, u: Value, x: Value): boolean {
  const node = g.producer(u);
  if (!isNode(node, "Mul", "Div")) return false;
  const [first, second] = g.inputsOf(node) as [Value, Value];
  if (first.name === x.name) return numberOf(g, second) !== undefined;
  return node.op === "Mul" && second.name === x.name && numberOf(g, first) !== undefined;
}

function numberOf(g: GraphBuilder, value: Value): number | undefined {
  const data = g.constantOf(value)?.data;
  return data?.length === 1 ? Number(data[0]) : undefined;
}
