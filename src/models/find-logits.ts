import { InputError } from "../errors/index.js";
import {
  attributesOf,
  deadCode,
  GraphBuilder,
  isNode,
  producers,
  type Dim,
  type Graph,
  type Node,
  type OpType,
} from "../graph/index.js";

/** More classes than any public dataset has, dozens of times over. */
const MOST_CLASSES = 1_000_000;

/**
 * The logits `[N, K]` behind a graph's only output. A saturating op at the end (a softmax, a sigmoid, a tanh) is removed
 * together with everything after it, because losses and attacks would saturate too; but only if the order of the
 * classes does not change. Trailing dimensions of 1 are also removed.
 *
 * @throws InputError if the output does not look like logits.
 */
export function findLogits(
  graph: Graph<Dim>,
  place: string,
  onNotice: (notice: string) => void = () => {},
): { graph: Graph<Dim>; logits: string } {
  const output = graph.outputs[0]!;
  const before = isOneAnImage(graph, output) ? beforeSigmoid : beforeSaturation;
  const { logits, by } = before(graph, output) ?? { logits: output, by: undefined };
  if (by !== undefined) {
    onNotice(`${place}: its output "${output}" is ${by}; holdfast uses the logits before it, "${logits}"`);
  }
  const { dtype, shape } = graph.values.get(logits)!;
  if (dtype === "float32" && isOneAnImage(graph, logits)) {
    onNotice(
      `${place}: its output "${output}" is one number per image, z${by === undefined ? "" : ` before ${by}`}: it counts as two ` +
        "classes with the logits 0 and z, and the second is predicted where z > 0",
    );
    return withTwoLogits(graph, logits);
  }
  const [, classes, ...rest] = shape;
  if (dtype !== "float32" || typeof classes !== "number" || classes < 2 || rest.some((dim) => dim !== 1)) {
    throw new InputError({
      place: `${place}: output "${output}"`,
      problem: `is ${dtype}[${shape.join(", ")}], expected float32[N, K] with at least 2 classes`,
      remedy: "Export a classifier with one logit per class, or choose another output.",
    });
  }
  if (classes > MOST_CLASSES) {
    throw new InputError({
      place: `${place}: output "${output}"`,
      problem: `has ${classes} classes; the limit is ${MOST_CLASSES}`,
      remedy: "Choose the output with one logit per class.",
    });
  }
  if (rest.length === 0) return { graph: deadCode({ ...graph, outputs: [logits] }), logits };
  const g = GraphBuilder.from(graph);
  const flat = g.op("Flatten", [g.value(logits)], {}, { name: "logits" });
  g.output(flat);
  return { graph: deadCode(g.build()), logits: flat.name };
}

/** Whether a value has one number per image; `[10]` without a batch is ten numbers of one image. */
function isOneAnImage(graph: Graph<Dim>, value: string): boolean {
  const [batch, ...rest] = graph.values.get(value)!.shape;
  return (
    rest.every((dim) => dim === 1) && graph.inputs.some((name) => graph.values.get(name)!.shape[0] === batch)
  );
}

/** Logits [0, z] of the value z: σ(z) is then their softmax. */
function withTwoLogits(graph: Graph<Dim>, value: string): { graph: Graph<Dim>; logits: string } {
  const g = GraphBuilder.from(graph);
  const { shape } = graph.values.get(value)!;
  const name = "log_odds";
  const z =
    shape.length === 1
      ? g.op("Unsqueeze", [g.value(value), g.ints([1])], {}, { name })
      : g.op("Flatten", [g.value(value)], {}, { name });
  const zero = g.op("Mul", [z, g.scalar(0)]);
  const both = g.op("Concat", [zero, z], { axis: 1 }, { name: "two_logits" });
  g.output(both);
  return { graph: deadCode({ ...g.build(), outputs: [both.name] }), logits: both.name };
}

/** Ops between a sigmoid and an output of one number per image that do not change values. */
const RESHAPING: ReadonlySet<OpType> = new Set(["Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"]);

/** The value before a final sigmoid with one number per image. Its sign is equivalent to comparing the sigmoid with ½. */
function beforeSigmoid(graph: Graph<Dim>, output: string): { logits: string; by: string } | undefined {
  const made = producers(graph);
  let last = made.get(output);
  while (last !== undefined && RESHAPING.has(last.op)) last = made.get(last.inputs[0]!);
  return isNode(last, "Sigmoid") ? { logits: last.inputs[0]!, by: "a sigmoid" } : undefined;
}

type IsOrdered = (graph: Graph<Dim>, node: Node, by: number) => boolean;
const always: IsOrdered = () => true;
/** A softmax over the classes. */
const overClasses: IsOrdered = ({ values }, node) => {
  const rank = values.get(node.outputs[0]!)!.shape.length;
  return isNode(node, "Softmax", "LogSoftmax") && (attributesOf(node).axis + rank) % rank === 1;
};
/** Moves values without changing `[N, K]`, except for dimensions of 1. */
const sameClasses: IsOrdered = ({ values }, { inputs, outputs }) => {
  const [before, after] = [inputs[0]!, outputs[0]!].map((name) => values.get(name)!.shape);
  const [longer, shorter] = before!.length > after!.length ? [before!, after!] : [after!, before!];
  return shorter.length > 1 && longer.every((dim, i) => dim === (shorter[i] ?? 1));
};
const byScalar =
  (allows: (scalar: number, by: number) => boolean): IsOrdered =>
  ({ initializers, values }, { inputs, outputs }, by) => {
    const data = initializers.get(inputs[1 - by]!)?.data;
    const isLonger = values.get(inputs[by]!)!.shape.length !== values.get(outputs[0]!)!.shape.length;
    return data?.length === 1 && !isLonger && allows(Number(data[0]), by);
  };
const isPositive = (scalar: number): boolean => scalar > 0 && scalar < Infinity;

/** Ops that strictly keep the order of the classes of every image; saturating ones have the name used in notices. */
const ORDERED: ReadonlyMap<OpType, { readonly isOrdered: IsOrdered; readonly saturates?: string }> = new Map([
  ["Softmax", { isOrdered: overClasses, saturates: "a softmax" }],
  ["Sigmoid", { isOrdered: always, saturates: "a sigmoid" }],
  ["Tanh", { isOrdered: always, saturates: "a tanh" }],
  ["Exp", { isOrdered: always, saturates: "an exponential" }],
  ["LogSoftmax", { isOrdered: overClasses }],
  ["Identity", { isOrdered: always }],
  ["Flatten", { isOrdered: sameClasses }],
  ["Reshape", { isOrdered: sameClasses }],
  ["Squeeze", { isOrdered: sameClasses }],
  ["Unsqueeze", { isOrdered: sameClasses }],
  ["Add", { isOrdered: byScalar(Number.isFinite) }],
  ["Sub", { isOrdered: byScalar((scalar, by) => by === 0 && Number.isFinite(scalar)) }],
  ["Mul", { isOrdered: byScalar(isPositive) }],
  ["Div", { isOrdered: byScalar((scalar, by) => by === 0 && isPositive(scalar)) }],
]);

/** The value before the first saturating op among the final ops that keep the order of the classes. */
function beforeSaturation(graph: Graph<Dim>, output: string): { logits: string; by: string } | undefined {
  const made = producers(graph);
  const passed: string[] = [];
  let found: { logits: string; by: string } | undefined;
  for (let node = made.get(output); node !== undefined;) {
    const op = ORDERED.get(node.op);
    const by = graph.initializers.has(node.inputs[0]!) ? 1 : 0;
    if (op?.isOrdered(graph, node, by) !== true) break;
    if (op.saturates !== undefined) {
      const after = passed.toReversed().filter((each) => each !== "Identity");
      found = {
        logits: node.inputs[by]!,
        by: `${op.saturates}${after.length === 0 ? "" : `, then ${after.join(", ")}`}`,
      };
    }
    passed.push(node.op);
    node = made.get(node.inputs[by]!);
  }
  return found;
}
