import { zeroGradientNodes } from "../autodiff/index.js";
import type { Dim, Graph, Node } from "../graph/index.js";
import type { Classifier } from "../models/index.js";
import type { ZeroGradient } from "./result/index.js";

type Operators = Omit<ZeroGradient, "images" | "standing">;

/** A mask stays a mask through these, and through sums and products with values that no gradient reaches. */
const PASSING = new Set(
  "Not And Or Cast Identity Unsqueeze Squeeze Reshape Flatten Transpose Expand Add Sub Mul".split(" "),
);
/** Ops that use a mask as a gate, at these inputs. */
const GATED: ReadonlyMap<string, readonly number[]> = new Map([
  ["Where", [1, 2]],
  ["Mul", [0, 1]],
]);
/** Ops with a gradient to their other outputs, and which output counts places: it is a whole number, so it passes none. */
const PLACES: ReadonlyMap<string, number> = new Map([["TopK", 1]]);
/** What places pass through besides: a part of them, a mask of them. */
const PASSING_PLACES = new Set([
  ...PASSING,
  ..."Equal Less LessOrEqual Greater GreaterOrEqual OneHot Gather Slice Split Concat ScatterElements ScatterND".split(
    " ",
  ),
]);
/** Ops that use places to choose among values, at these inputs. */
const GATED_PLACES: typeof GATED = new Map([
  ...GATED,
  ["Gather", [0]],
  ["GatherElements", [0]],
  ["GatherND", [0]],
  ["ScatterElements", [2]],
  ["ScatterND", [2]],
]);

/**
 * The nodes between the image and the logits whose gradient is zero everywhere, as `Round (its name)`, and which of them
 * hide something of the model from the attack although a gradient passes around them:
 *
 * - `steps`: Round, Floor, Ceil, Sign, ArgMax, ArgMin and casts to integers. Not x · f(|x|) written with Sign, whose
 *   gradient is right. Also TopK whose places are used as numbers, or to place numbers; not if they only choose among
 *   values that a gradient reaches.
 * - `comparisons` (and casts to bool) whose result is used as a number. One that only chooses among values that a gradient
 *   reaches, as a ReLU written with Where or a product does, does not count.
 *
 * `straightThrough` are those that round but are differentiated as the identity, as in a quantised model.
 *
 * Values computed only from shapes never count.
 */
export function zeroOperators({ graph, image, logits }: Classifier): Operators {
  const zero = zeroGradientNodes(graph, image, logits);
  const paths = pathsOf(graph, image, new Set(zero));
  const named = (nodes: readonly Node[]): string[] => nodes.map(({ op, name }) => `${op} (${name})`);
  const isComparison = ({ outputs }: Node): boolean => graph.values.get(outputs[0]!)!.dtype === "bool";
  const rounding = zero.filter((node) => !SHAPES.has(node.op) && !isComparison(node) && !isOdd(paths, node));
  const steps = [...rounding, ...graph.nodes.filter((node) => isRanking(paths, node, logits))];
  const comparisons = zero.filter((node) => isComparison(node) && !isGate(paths, node.outputs[0]!));
  const passed = graph.nodes.filter(({ straightThrough }) => straightThrough === true);
  return {
    operators: named(zero),
    ...(steps.length === 0 ? {} : { steps: named(steps) }),
    ...(comparisons.length === 0 ? {} : { comparisons: named(comparisons) }),
    ...(passed.length === 0 ? {} : { straightThrough: named(passed) }),
  };
}

/** These do not depend on an image's pixels. */
const SHAPES = new Set(["Shape", "ConstantOfShape"]);

interface Paths {
  /** Values that a gradient reaches from the image. */
  readonly reached: ReadonlySet<string>;
  readonly users: ReadonlyMap<string, readonly Node[]>;
}

function pathsOf(graph: Graph<Dim>, image: string, stops: ReadonlySet<Node>): Paths {
  const users = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) users.set(input, [...(users.get(input) ?? []), node]);
  }
  return { reached: reachedFrom(image, users, stops), users };
}

function reachedFrom(
  start: string,
  users: Paths["users"],
  stops: ReadonlySet<Node> = new Set(),
): ReadonlySet<string> {
  const reached = new Set([start]);
  for (const value of reached) {
    for (const node of users.get(value) ?? []) {
      if (stops.has(node)) continue;
      const places = PLACES.get(node.op);
      for (const [i, output] of node.outputs.entries()) if (i !== places) reached.add(output);
    }
  }
  return reached;
}

/** Sign(x) in x · f(|x|), as in a signed root: where the sign flips, the factor is 0 or even. */
function isOdd({ users }: Paths, { op, inputs, outputs }: Node): boolean {
  if (op !== "Sign") return false;
  const sign = outputs[0]!;
  const sizes = (users.get(inputs[0]!) ?? []).filter((node) => node.op === "Abs");
  const ofSize = sizes.map((node) => reachedFrom(node.outputs[0]!, users));
  const all = users.get(sign) ?? [];
  return all.every(
    (node) =>
      node.op === "Mul" && node.inputs.some((input) => input !== sign && ofSize.some((s) => s.has(input))),
  );
}

/** Whether the places that a node counts reach the logits, and not only by a choice among values that a gradient reaches. */
function isRanking(paths: Paths, { op, inputs, outputs }: Node, logits: string): boolean {
  const places = outputs[PLACES.get(op) ?? outputs.length];
  if (places === undefined || !paths.reached.has(inputs[0]!)) return false;
  if (!reachedFrom(places, paths.users).has(logits)) return false;
  return !isGate(paths, places, { passing: PASSING_PLACES, gated: GATED_PLACES });
}

/** Whether a comparison's result, or places, are only used to choose among values that a gradient reaches. */
function isGate(
  { reached, users }: Paths,
  chosenBy: string,
  { passing, gated } = { passing: PASSING, gated: GATED },
): boolean {
  const masks = new Set([chosenBy]);
  for (const mask of masks) {
    const all = users.get(mask) ?? [];
    if (all.length === 0) return false;
    for (const node of all) {
      const others = (gated.get(node.op) ?? []).filter((i) => node.inputs[i] !== mask);
      if (others.some((i) => reached.has(node.inputs[i]!))) continue;
      if (!passing.has(node.op) || node.inputs.some((input) => reached.has(input))) return false;
      for (const output of node.outputs) masks.add(output);
    }
  }
  return true;
}
