import { InputError } from "../errors/index.js";
import {
  deadCode,
  GraphBuilder,
  attributesOf,
  ShapeError,
  standardGraph,
  type Graph,
  type Node,
  type Value,
} from "../graph/index.js";
import { isFloat, sizeOf } from "../tensor/index.js";
import { compositeOf, type Composite } from "./composites.js";
import { recomputation, type Recomputation, type Recompute } from "./recompute.js";
import { sumTo, typesOf, type Rule } from "./rule.js";
import { ruleOf } from "./rules/index.js";

/** What is differentiated, and with respect to what. */
export interface AppendGradientsOptions {
  /** The value to differentiate: a scalar, or of any shape with a `cotangent`. */
  readonly of: Value;
  readonly withRespectTo: readonly Value[];
  /** Gradient of some later scalar with respect to `of`; 1 by default. */
  readonly cotangent?: Value;
  /** What is computed again instead of being kept; nothing by default. */
  readonly recompute?: Recompute | undefined;
}

/** Where the walk backwards is. */
interface Walk {
  readonly g: GraphBuilder;
  /** Values whose gradient is needed. */
  readonly wanted: ReadonlySet<string>;
  /** The gradients that have arrived at each value. */
  readonly cotangents: Map<string, Value[]>;
  readonly again: Recomputation | undefined;
}

/**
 * Reverse-mode differentiation: walks the builder's nodes backwards and emits the
 * vector-Jacobian product of each that lies between `withRespectTo` and `of`. Only the
 * necessary gradients are emitted, and every emitted op has a rule itself. Gradients of
 * convolutions use two internal ops, which `compile` runs and {@link standardGraph} turns into ONNX ops.
 *
 * @returns One gradient for each requested value, in its shape; zeros if `of` does not
 * depend on it.
 * @throws InputError naming the node that a rule refuses.
 */
export function appendGradients(g: GraphBuilder, options: AppendGradientsOptions): Value[] {
  const { of, withRespectTo } = options;
  if (options.cotangent === undefined && sizeOf(of.shape) !== 1) {
    throw new RangeError(
      `"${of.name}" is [${of.shape.join(", ")}]: only a scalar has a gradient without a cotangent`,
    );
  }
  const nodes = [...g.nodes];
  const sources = new Set(withRespectTo.map((value) => value.name));
  const active = activeNodes(nodes, of.name, sources);
  const again = options.recompute && recomputation(g, options.recompute);
  const seed = options.cotangent ?? g.op("Expand", [g.scalar(1, of), g.ints(of.shape)]);
  const cotangents = new Map<string, Value[]>([[of.name, [seed]]]);
  const walk: Walk = { g, wanted: active.values, cotangents, again };
  for (const node of [...active.nodes].reverse()) {
    const outputGrads = node.outputs.map((name) => (name === "" ? null : collect(walk, name)));
    const arrived = outputGrads.find((gradient) => gradient !== null);
    if (arrived === undefined) continue;
    again?.reach(node, arrived);
    const composite = compositeOf(g, node);
    // Of a function as a whole, its parts get no gradient but from what else reads them.
    const isWhole = composite?.parts.some((name) => sources.has(again?.original(name) ?? name)) === false;
    if (isWhole) backwardAsOne(walk, outputGrads, composite);
    else backward(walk, node, outputGrads);
  }
  again?.end();
  return withRespectTo.map((value) => {
    const total = collect(walk, value.name);
    return (
      total ?? g.op("Expand", [g.scalar(0, value), g.ints(value.shape)], {}, { name: `${value.name}_grad` })
    );
  });
}

/**
 * The graph with its gradient: its own outputs, then one for each value of `withRespectTo`,
 * called `<value>_grad`. It contains only ONNX operators ({@link standardGraph}).
 *
 * @example
 * ```ts
 * import { compile, gradient, GraphBuilder, tensor } from "holdfast/graph";
 *
 * // y = Σ x², so x_grad = 2 x
 * const g = new GraphBuilder("squares");
 * const x = g.input("x", "float32", [3]);
 * const y = g.op("ReduceSum", [g.op("Mul", [x, x]), g.ints([0])], { keepdims: 0 });
 * g.output(y, "y");
 * const program = await compile(gradient(g.build(), { of: "y", withRespectTo: ["x"] }));
 * const { x_grad } = await program.run({ x: tensor("float32", [3], Float32Array.of(1, 2, 3)) });
 * console.log(x_grad?.data);
 * await program.dispose();
 * ```
 */
export function gradient(
  graph: Graph,
  options: { readonly of: string; readonly withRespectTo: readonly string[] },
): Graph {
  const g = GraphBuilder.from(graph, { keepOutputs: true });
  const withRespectTo = options.withRespectTo.map((name) => g.value(name));
  const gradients = appendGradients(g, { of: g.value(options.of), withRespectTo });
  gradients.forEach((value, i) => {
    // A graph that is differentiated again already has an `x_grad`; the next is `x_grad_grad`.
    let name = `${options.withRespectTo[i]}_grad`;
    while (name !== value.name && g.has(name)) name += "_grad";
    g.output(value, name);
  });
  return standardGraph(deadCode(g.build()));
}

interface Active {
  /** Nodes through which `of` depends on the requested values, in order. */
  readonly nodes: readonly Node[];
  /** Values whose gradient is needed. */
  readonly values: ReadonlySet<string>;
}

function activeNodes(nodes: readonly Node[], of: string, sources: Iterable<string>): Active {
  const reached = new Set(sources);
  for (const node of nodes) {
    if (ruleOf(node) !== undefined && node.inputs.some((input) => reached.has(input))) {
      for (const output of node.outputs) if (output !== "") reached.add(output);
    }
  }
  const wanted = new Set([of]);
  const active: Node[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((output) => wanted.has(output) && reached.has(output))) continue;
    active.push(node);
    for (const input of node.inputs) if (reached.has(input)) wanted.add(input);
  }
  return { nodes: active.reverse(), values: new Set([...wanted].filter((name) => reached.has(name))) };
}

function backward({ g, ...walk }: Walk, node: Node, outputGrads: readonly (Value | null)[]): void {
  const rule = ruleOf(node);
  if (rule === undefined) return;
  const inputs = g.inputsOf(node);
  const needs = (i: number): boolean => {
    const input = inputs[i];
    return input !== undefined && isFloat(input.dtype) && walk.wanted.has(node.inputs[i]!);
  };
  const gradients = differentiated(node, () =>
    rule({
      g,
      node,
      inputs,
      outputs: g.inputsOf({ inputs: node.outputs }),
      outputGrads,
      needs,
      attributes: attributesOf(node),
      types: typesOf(g, node),
    }),
  );
  gradients.forEach((grad, i) => {
    if (grad !== null && needs(i)) arrive({ g, ...walk }, node.inputs[i]!, grad);
  });
}

/** {@link backward} of a function in several nodes. */
function backwardAsOne(
  walk: Walk,
  outputGrads: readonly (Value | null)[],
  { input, slope }: Composite,
): void {
  const name = walk.again?.original(input.name) ?? input.name;
  if (walk.wanted.has(name)) arrive(walk, name, walk.g.op("Mul", [outputGrads[0]!, slope()]));
}

/** Adds a gradient to those that arrived at a value. */
function arrive({ g, cotangents }: Walk, name: string, grad: Value): void {
  const summed = sumTo(g, grad, g.value(name).shape);
  const arrived = cotangents.get(name);
  if (arrived === undefined) cotangents.set(name, [summed]);
  else arrived.push(summed);
}

/** Applies a rule, and turns its refusal into an InputError that names the node. */
function differentiated(node: Node, rule: () => ReturnType<Rule>): ReturnType<Rule> {
  try {
    return rule();
  } catch (error) {
    // A rule throws plain errors for what it cannot differentiate; any other kind is a bug.
    if (!(error instanceof Error) || (error.constructor !== Error && !(error instanceof ShapeError)))
      throw error;
    throw new InputError({
      place: `gradient, node "${node.name}" (${node.op})`,
      problem: error.message,
      remedy: "Export the model without this node, or attack it with a method that needs no gradient.",
      cause: error,
    });
  }
}

/** The sum of the gradients that arrived at a value; null if none did. */
function collect({ g, cotangents }: Walk, name: string): Value | null {
  const parts = cotangents.get(name) ?? [];
  if (parts.length === 0) return null;
  const total =
    parts.length === 1
      ? parts[0]!
      : parts.length === 2
        ? g.op("Add", parts, {}, { name: `${name}_grad` })
        : g.op("Sum", parts, {}, { name: `${name}_grad` });
  cotangents.set(name, [total]);
  return total;
}
