import { appendGradients } from "../autodiff/index.js";
import { InputError, suggestName } from "../errors/index.js";
import {
  deadCode,
  doublesAsFloats,
  freeNames,
  graphFromModel,
  GraphBuilder,
  halvesAsFloats,
  modelFromGraph,
  specOf,
  type Dim,
  type Graph,
  type Value,
} from "../graph/index.js";
import { findLogits, withOneOutput } from "../models/index.js";
import type { Model } from "../onnx/index.js";
import { fastConvolutions } from "../runtime/index.js";
import { isFloat } from "../tensor/index.js";

/** What is differentiated, and with respect to what. */
export interface GradientModelOptions {
  /** What messages call the model: its path. */
  readonly place: string;
  /** `loss` (cross-entropy against each image's label), `logit` (the label's logit), or the name of a value, which is summed. */
  readonly of: string;
  /** `input`, `weights`, or values by their names. */
  readonly to: readonly string[];
  /** Batch size, if the model leaves it open: a gradient has fixed shapes. 1 by default. */
  readonly batchSize?: number;
  /** Height and width, if the model leaves them open. */
  readonly size?: readonly [height: number, width: number];
  /** Which output gives the logits; by default the only one that can. */
  readonly output?: string;
}

/**
 * A model and its gradient as one ONNX model of standard operators. Inputs are the model's own, and for `loss` and `logit`
 * `labels`, int64 `[N]`. Outputs are the model's own, `loss` or `logit` `[N]`, and for each value asked for
 *
 *   <name>_grad = ∂ ( Σ_n loss[n] ) / ∂ <name>
 *
 * A softmax at the end stays in the model's output; the loss is taken of the logits before it.
 *
 * @throws InputError naming the node that cannot be read or differentiated, or the name that is not a value of the model.
 * @example
 * ```ts
 * import { gradientModel, readModelFile, writeModelFile } from "holdfast";
 *
 * const model = await readModelFile("my-model.onnx");
 * const both = gradientModel(model, { place: "my-model.onnx", of: "loss", to: ["input"], batchSize: 8 });
 * await writeModelFile("gradient.onnx", both);
 * ```
 */
export function gradientModel(model: Model, options: GradientModelOptions): Model {
  const { place, to } = options;
  const wide = widened(model);
  const graph = deadCode(bound(wide, options));
  const g = GraphBuilder.from(graph, { keepOutputs: true });
  const names = [...new Set(to.flatMap((name) => valuesCalled(name, graph, place)))];
  const { value, name } = scalars(g, graph, wide, options);
  if (name !== undefined) g.output(value, name);
  const ones = g.op("Expand", [g.scalar(1, value), g.ints(value.shape)]);
  const gradients = appendGradients(g, {
    of: value,
    withRespectTo: names.map((each) => g.value(each)),
    cotangent: ones,
  });
  const freeName = freeNames(graph.values);
  gradients.forEach((gradient, i) => g.output(gradient, freeName(`${names[i]}_grad`)));
  return modelFromGraph(fastConvolutions(deadCode(g.build())), { metadata: model.metadata });
}

/** The model in float32, as classifiers are read. */
function widened(model: Model): Model {
  const wide = halvesAsFloats(model);
  const { inputs, outputs } = wide.graph;
  return [...inputs, ...outputs].some(({ dtype }) => dtype === "float64") ? doublesAsFloats(wide) : wide;
}

/** The model's graph with a number for each open dimension. */
function bound(model: Model, { place, batchSize = 1, size }: GradientModelOptions): Graph {
  const dims: Record<string, Dim> = {};
  for (const { name, shape } of model.graph.inputs) {
    (shape ?? []).forEach((dim, axis) => {
      if (typeof dim === "number") return;
      const given = axis === 0 ? batchSize : shape!.length === 4 && axis > 1 ? size?.[axis - 2] : undefined;
      if (given === undefined) {
        throw new InputError({
          place: `${place}: input "${name}"`,
          problem: `is [${shape!.map((each) => each || "?").join(", ")}]: its size is open`,
          remedy: "Give its height and width with --size.",
        });
      }
      dims[dim || `${name}_dim_${axis}`] = given;
    });
  }
  return graphFromModel(model, { place, dims }) as Graph;
}

function valuesCalled(name: string, graph: Graph, place: string): readonly string[] {
  const isDifferentiated = (each: string): boolean => isFloat(graph.values.get(each)!.dtype);
  if (name === "input") return graph.inputs.filter(isDifferentiated);
  if (name === "weights") {
    const weights = graph.nodes.flatMap(({ op, inputs }) =>
      (specOf(op).trained ?? []).map((i) => inputs[i] ?? ""),
    );
    const found = [...new Set(weights)].filter((each) => graph.initializers.get(each)?.dtype === "float32");
    if (found.length > 0) return found;
    throw new InputError({
      place,
      problem: "has no trainable weights",
      remedy: "Name values instead.",
    });
  }
  checkValue(name, graph, place, ["input", "weights", ...graph.inputs, ...graph.initializers.keys()]);
  return [name];
}

/** @param first the names to suggest before those of other values. */
function checkValue(name: string, graph: Graph, place: string, first: readonly string[]): void {
  const value = graph.values.get(name);
  if (value !== undefined && isFloat(value.dtype)) return;
  throw new InputError({
    place: `${place}: "${name}"`,
    problem:
      value === undefined
        ? "is not a value of the graph"
        : `is ${value.dtype}, but only floats have a gradient`,
    remedy:
      value === undefined
        ? suggestName(name, [...new Set([...first, ...floatsOf(graph)])])
        : "Name another value.",
  });
}

const floatsOf = ({ values }: Graph): string[] =>
  [...values].filter(([, { dtype }]) => isFloat(dtype)).map(([name]) => name);

/** What is differentiated, one number an image or a value as it is, and the name it is put out under. */
function scalars(
  g: GraphBuilder,
  graph: Graph,
  model: Model,
  { of, place, output }: GradientModelOptions,
): { readonly value: Value; readonly name: string | undefined } {
  if (of !== "loss" && of !== "logit") {
    checkValue(of, graph, place, ["loss", "logit", ...graph.outputs]);
    return { value: g.value(of), name: graph.outputs.includes(of) ? undefined : of };
  }
  const chosen = withOneOutput(model, place, output === undefined ? {} : { output }).graph.outputs[0]!.name;
  const logits = logitsOf(g, graph, chosen, place);
  const freeName = freeNames(graph.values);
  const labels = g.input(freeName("labels"), "int64", [logits.shape[0]!]);
  const scores = of === "loss" ? g.op("LogSoftmax", [logits], { axis: 1 }) : logits;
  const picked = g.op("GatherElements", [scores, g.op("Unsqueeze", [labels, g.ints([1])])], { axis: 1 });
  const each = g.op("Squeeze", [picked, g.ints([1])]);
  return { value: of === "loss" ? g.op("Neg", [each]) : each, name: freeName(of) };
}

function logitsOf(g: GraphBuilder, graph: Graph, output: string, place: string): Value {
  const { graph: ended, logits } = findLogits({ ...graph, outputs: [output] }, place);
  if (graph.values.has(logits)) return g.value(logits);
  // Trailing dimensions of 1, flattened.
  const { shape } = ended.values.get(logits)!;
  const source = ended.nodes.at(-1)!.inputs[0]!;
  return g.op("Reshape", [g.value(source), g.ints(shape as number[])]);
}
