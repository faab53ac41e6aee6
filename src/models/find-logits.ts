import { InputError } from "../errors/index.js";
import {
  attributesOf,
  deadCode,
  GraphBuilder,
  isNode,
  producers,
  type Dim,
  type Graph,
} from "../graph/index.js";

/** Dozens of times the classes of the largest public dataset. */
const MOST_CLASSES = 1_000_000;

/**
 * The value `[N, K]` of logits behind a graph's only output: a softmax or a sigmoid is taken off,
 * since losses and attacks on probabilities saturate, and trailing dimensions of 1 are.
 *
 * @throws InputError when the output is nothing like logits.
 */
export function findLogits(
  graph: Graph<Dim>,
  place: string,
  onNotice: (notice: string) => void = () => {},
): { graph: Graph<Dim>; logits: string } {
  const output = graph.outputs[0]!;
  const { logits, by } = beforeSaturation(graph, output) ?? { logits: output, by: undefined };
  if (by !== undefined) {
    onNotice(`${place}: its output "${output}" is ${by}; the logits before it, "${logits}", are used`);
  }
  const { dtype, shape } = graph.values.get(logits)!;
  const [, classes, ...rest] = shape;
  if (dtype !== "float32" || typeof classes !== "number" || classes < 2 || rest.some((dim) => dim !== 1)) {
    throw new InputError({
      place: `${place}: output "${output}"`,
      problem: `is ${dtype}[${shape.join(", ")}], expected float32[N, K] with at least 2 classes`,
      remedy: "Export a classifier that gives one logit a class, or choose another output.",
    });
  }
  if (classes > MOST_CLASSES) {
    throw new InputError({
      place: `${place}: output "${output}"`,
      problem: `has ${classes} classes; ${MOST_CLASSES} are read`,
      remedy: "Choose the output that gives one logit a class.",
    });
  }
  if (rest.length === 0) return { graph: deadCode({ ...graph, outputs: [logits] }), logits };
  const g = GraphBuilder.from(graph);
  const flat = g.op("Flatten", [g.value(logits)], {}, { name: "logits" });
  g.output(flat);
  return { graph: deadCode(g.build()), logits: flat.name };
}

/** The value before a last softmax over the classes, or before a sigmoid of each: both keep the order of the classes. */
function beforeSaturation(graph: Graph<Dim>, output: string): { logits: string; by: string } | undefined {
  const made = producers(graph);
  let name = output;
  while (made.get(name)?.op === "Identity") name = made.get(name)!.inputs[0]!;
  const last = made.get(name);
  if (last?.op === "Sigmoid") return { logits: last.inputs[0]!, by: "a sigmoid" };
  if (!isNode(last, "Softmax")) return undefined;
  const rank = graph.values.get(name)!.shape.length;
  const { axis } = attributesOf(last);
  return (axis + rank) % rank === 1 ? { logits: last.inputs[0]!, by: "a softmax" } : undefined;
}
