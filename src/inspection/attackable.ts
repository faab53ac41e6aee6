import { pgdStepGraph } from "../attacks/index.js";
import { appendGradients, zeroGradientNodes } from "../autodiff/index.js";
import { InputError } from "../errors/index.js";
import { deadCode, GraphBuilder, parametersAsInputs, type Graph, type Node } from "../graph/index.js";
import {
  bindForInference,
  withStraightThrough,
  type BoundClassifier,
  type Classifier,
} from "../models/index.js";
import { compile } from "../runtime/index.js";
import { isFloat } from "../tensor/index.js";
import { passesGradient, stoppingNodes } from "./reach.js";

/** What keeps a model from being attacked, and what would be needed. */
export interface Obstacle {
  /** The node's name; null if it is not about a single node. */
  readonly node: string | null;
  readonly op: string | null;
  readonly problem: string;
  readonly needed: string;
}

/** The outcome of trying an attack step. */
export interface Attackability {
  readonly obstacles: readonly Obstacle[];
  /** Nodes between image and logits that pass no gradient although other paths do. */
  readonly flat: readonly { readonly node: string; readonly op: string }[];
  /** The graph of one step of PGD; undefined if it could not be built. */
  readonly step: Graph | undefined;
}

/** Constants with at least this many elements are fed as inputs, so that compiling does not copy or fold anything large. */
const LARGE = 1024;
const WITHOUT_FLAT =
  "Export the model without these nodes, such as before quantisation or before the final decision. As it is, only attacks " +
  "without a gradient work (--attack square).";
const STRAIGHT_THROUGH =
  "Give --straight-through: gradients then pass as if nothing were rounded. The checks of evaluate try it by themselves.";

/**
 * Tries what an attack does: binds the batch, builds one step of PGD with the gradient of the image, and lets ONNX Runtime
 * load it without optimising it. Weights are fed as inputs, so that 100 MB take no longer than one.
 *
 * Names every node that prevents it, not only the first.
 */
export async function tryAttack(classifier: Classifier, batchSize: number): Promise<Attackability> {
  const { image, logits } = classifier;
  const flat = zeroGradientNodes(classifier.graph, image, logits).map(({ name, op }) => ({ node: name, op }));
  const failed = (obstacles: readonly Obstacle[]): Attackability => ({ obstacles, flat, step: undefined });
  let bound: BoundClassifier;
  try {
    bound = bindForInference(classifier, batchSize);
  } catch (error) {
    return failed([obstacleOf(error)]);
  }
  if (!passesGradient(bound.graph, image, logits)) {
    const rounds = passesGradient(withStraightThrough(bound.graph), image, logits);
    return failed(
      stoppingNodes(bound.graph, image, logits).map(({ name, op }) => ({
        node: name,
        op,
        problem:
          "its derivative is zero, and every path from the image to the logits goes through such a node",
        needed: rounds ? STRAIGHT_THROUGH : WITHOUT_FLAT,
      })),
    );
  }
  let step: Graph;
  try {
    step = deadCode(pgdStepGraph(bound, { norm: "linf" }));
  } catch (error) {
    const one = obstacleOf(error);
    const all = refusingNodes(bound.graph, one.needed);
    return failed(all.length === 0 ? [one] : all);
  }
  return { obstacles: await tryToCompile(step), flat, step };
}

async function tryToCompile(step: Graph): Promise<readonly Obstacle[]> {
  const large = [...step.initializers].filter(
    ([, { data, dtype }]) => dtype === "float32" && data.length >= LARGE,
  );
  const fed = parametersAsInputs(
    step,
    large.map(([name]) => name),
  );
  try {
    const program = await compile(fed, { optimization: "disabled", threads: 1 });
    await program.dispose();
    return [];
  } catch (error) {
    return [obstacleOf(error)];
  }
}

/** The obstacle in an InputError; any other error is a bug in holdfast. */
function obstacleOf(error: unknown): Obstacle {
  if (!(error instanceof InputError)) throw error;
  const named = /node "(.*)" \((\w+)\)/.exec(error.place) ?? /node "(.*)"/.exec(error.place);
  return {
    node: named?.[1] ?? null,
    op: named?.[2] ?? null,
    problem: named === null ? `${error.place}: ${error.problem}` : error.problem,
    needed: error.remedy ?? "Export the model again.",
  };
}

/** Each node whose gradient rule refuses it, tried one by one: the walk stops at the first. */
function refusingNodes(graph: Graph, needed: string): readonly Obstacle[] {
  return graph.nodes.flatMap((node): Obstacle[] => {
    const problem = refusalOf(graph, node);
    return problem === undefined ? [] : [{ node: node.name, op: node.op, problem, needed }];
  });
}

function refusalOf(graph: Graph, node: Node): string | undefined {
  const g = new GraphBuilder("one node");
  for (const name of new Set(node.inputs)) {
    if (name === "") continue;
    const { dtype, shape } = graph.values.get(name)!;
    const data = graph.initializers.get(name);
    if (data === undefined) g.input(name, dtype, shape);
    else g.initializer(name, data);
  }
  g.node(node);
  const of = node.outputs.filter((name) => name !== "").map((name) => g.value(name));
  const floats = of.find(({ dtype }) => isFloat(dtype));
  const moving = node.inputs.filter((name) => name !== "" && !graph.initializers.has(name));
  const withRespectTo = moving.map((name) => g.value(name)).filter(({ dtype }) => isFloat(dtype));
  if (floats === undefined || withRespectTo.length === 0) return undefined;
  const cotangent = g.input("holdfast_cotangent", floats.dtype, floats.shape);
  try {
    appendGradients(g, { of: floats, withRespectTo, cotangent });
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error.problem;
    throw error;
  }
}
