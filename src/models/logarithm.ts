import { attributesOf, GraphBuilder, type Dim, type Node, type Value } from "../graph/index.js";
import type { Classifier } from "./classifier.js";

/** A smaller probability counts as this much before its logarithm is taken. It is near the smallest normal float32. */
const LEAST = 2e-38;
/** Constants and bounds of a Clip within this of 0 or 1 only keep a logarithm finite, so they are ignored. */
const HARMLESS = 1e-3;
/** Most laws to apply one after the other: more than any ensemble needs. */
const DEEPEST = 64;
/** Ops that only move values: the logarithm can be taken before them. */
const MOVING: ReadonlySet<string> = new Set([
  "Identity",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
  "Transpose",
]);

/**
 * A classifier whose logits are the logarithms of the given one's outputs, which are probabilities p: softmax(log p) = p.
 *
 * log p saturates where float32 rounds p to 0 or 1, so the logarithm is moved as far back in the graph as its laws
 * allow: log softmax, log σ(x) = −softplus(−x), log (1 − σ(x)) = −softplus(x), sums and means as log Σ exp.
 */
export function withLogarithm(
  classifier: Classifier,
  options: { /** The plain logarithm of the outputs, without any law. */ readonly plain?: boolean } = {},
): Classifier {
  const g = GraphBuilder.from(classifier.graph);
  const outputs = g.value(classifier.logits);
  const logits = options.plain === true ? plainLog(g, outputs) : logarithms(g)(outputs);
  g.output(logits);
  return Object.freeze({ ...classifier, graph: g.build(), logits: logits.name });
}

type Builder = GraphBuilder<Dim>;
type Named = Value<Dim>;
type Log = (p: Named) => Named;

/** The logarithm of a value: created once, even if the value is used several times. */
function logarithms(g: Builder): Log {
  const made = new Map<string, Named>();
  let depth = 0;
  const log: Log = (p) => {
    const known = made.get(p.name);
    if (known !== undefined) return known;
    depth++;
    const logOfP = depth > DEEPEST ? plainLog(g, p) : logByLaw(g, p, log);
    depth--;
    made.set(p.name, logOfP);
    return logOfP;
  };
  return log;
}

function logByLaw(g: Builder, p: Named, log: Log): Named {
  const node = g.producer(p);
  const inputs = node === undefined ? [] : g.inputsOf(node);
  const [a, b] = inputs;
  switch (node?.op) {
    case "Softmax":
      return g.op("LogSoftmax", [a], attributesOf(node as Node<"Softmax">));
    case "Sigmoid":
      return g.op("Neg", [softplus(g, g.op("Neg", [a]))]);
    case "Sub":
      return (isConstant(g, a!, 1) ? logOfComplement(g, b!) : undefined) ?? plainLog(g, p);
    case "Clip":
      return isHarmless(g, inputs) ? log(a!) : plainLog(g, p);
    case "Concat":
      return g.again(
        node,
        inputs.map((part) => log(part!)),
      );
    case "Exp":
      return a!;
    case "Add":
    case "Sum":
      return logOfSum(g, p, inputs as Named[], log);
    case "Mul":
    case "Div":
      return logOfScaled(g, p, node, log);
    case "ReduceMean":
    case "ReduceSum":
      return logOfReduced(g, p, node as Node<"ReduceSum" | "ReduceMean">, log);
    default:
      return node !== undefined && MOVING.has(node.op) ? moved(g, node, log(a!)) : plainLog(g, p);
  }
}

function plainLog(g: Builder, p: Named): Named {
  return g.op("Log", [g.op("Max", [p, g.scalar(LEAST, p)])]);
}

function moved(g: Builder, node: Node, value: Named): Named {
  return g.again(node, [value, ...g.inputsOf(node).slice(1)]);
}

/** log(1 − p); undefined if no law applies. */
function logOfComplement(g: Builder, p: Named, deepest = DEEPEST): Named | undefined {
  const node = g.producer(p);
  if (node?.op === "Sigmoid") return g.op("Neg", [softplus(g, g.value(node.inputs[0]!))]);
  if (node === undefined || !MOVING.has(node.op) || deepest === 0) return undefined;
  const inner = logOfComplement(g, g.value(node.inputs[0]!), deepest - 1);
  return inner && moved(g, node, inner);
}

/** log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|) */
function softplus(g: Builder, x: Named): Named {
  const small = g.op("Exp", [g.op("Neg", [g.op("Abs", [x])])]);
  return g.op("Add", [g.op("Relu", [x]), g.op("Log", [g.op("Add", [small, g.scalar(1, x)])])]);
}

/**
 * log Σ pᵢ = m + log Σ exp(log pᵢ − m), where m is the greatest log pᵢ and all terms have the same shape. A small constant
 * that only keeps a logarithm finite is omitted.
 */
function logOfSum(g: Builder, p: Named, all: readonly Named[], log: Log): Named {
  const terms = all.filter((term) => !(Math.abs(scalarOf(g, term) ?? 1) <= HARMLESS));
  if (terms.length === 1) return log(terms[0]!);
  const alike = terms.every(({ shape }) => shape.join() === p.shape.join());
  if (!alike || terms.some((term) => g.constantOf(term) !== undefined)) return plainLog(g, p);
  const logs = terms.map(log);
  const greatest = g.op("Max", logs);
  const shares = logs.map((each) => g.op("Exp", [g.op("Sub", [each, greatest])]));
  return g.op("Add", [greatest, g.op("Log", [g.op("Sum", shares)])]);
}

/** log(p · c) = log p + log c, c a positive constant; log(a / b) = log a − log b, where b is one number per image. */
function logOfScaled(g: Builder, p: Named, { op, inputs }: Node, log: Log): Named {
  const [a, b] = inputs.map((name) => g.value(name)) as [Named, Named];
  const [scaled, by] = op === "Mul" && g.constantOf(a) !== undefined ? [b, a] : [a, b];
  if (op === "Div" && by.shape.at(-1) === 1 && p.shape.at(-1) !== 1) {
    return g.op("Sub", [log(scaled), log(by)]);
  }
  const factor = scalarOf(g, by);
  if (factor === undefined || !(factor > 0)) return plainLog(g, p);
  const shift = Math.log(factor);
  return g.op("Add", [log(scaled), g.scalar(op === "Mul" ? shift : -shift, p)]);
}

/** log of a sum along axes is log Σ exp of the logarithms; for a mean of n it is that minus log n. */
function logOfReduced(g: Builder, p: Named, node: Node<"ReduceSum" | "ReduceMean">, log: Log): Named {
  const [terms, axes] = g.inputsOf(node) as [Named, Named | undefined];
  const sum = g.op("ReduceLogSumExp", [log(terms), axes], attributesOf(node));
  if (node.op === "ReduceSum") return sum;
  return g.op("Sub", [sum, g.scalar(Math.log(fixedSize(terms) / fixedSize(p)), p)]);
}

/** Number of elements along the fixed dimensions. */
function fixedSize({ shape }: Named): number {
  return shape.reduce<number>((size, dim) => (typeof dim === "number" ? size * dim : size), 1);
}

function isHarmless(g: Builder, [, least, most]: readonly (Named | undefined)[]): boolean {
  const [low, high] = [least, most].map((bound) => (bound === undefined ? undefined : scalarOf(g, bound)));
  return (least === undefined || low! <= HARMLESS) && (most === undefined || high! >= 1 - HARMLESS);
}

function isConstant(g: Builder, value: Named, number: number): boolean {
  return scalarOf(g, value) === number;
}

function scalarOf(g: Builder, value: Named): number | undefined {
  const data = g.constantOf(value)?.data;
  return data?.length === 1 ? Number(data[0]) : undefined;
}
