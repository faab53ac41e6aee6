import { deadCode, dropExpands, foldConstants, modelFromGraph, standardGraph } from "../../graph/index.js";
import type { Graph, Node } from "../../graph/index.js";
import type { Model, ValueInfo } from "../../onnx/index.js";
import { blockSize } from "./convolution/block-size.js";
import { chooseForms, isProduct } from "./convolution/index.js";
import { COSTS, type Costs } from "./costs.js";
import { clipMasks } from "./layout/clip-masks.js";
import { inBlocks, takesGradient } from "./layout/index.js";
import { layoutBlock } from "./layout/self-test.js";
import { namedOutputs } from "./outputs.js";
import { rankedScalars } from "./scalars.js";
import { steadyValues, takeOutSteady } from "./steady.js";
import { sumsAsAdditions } from "./sums.js";
import { swishGradients } from "./swish.js";

export { fastConvolutions } from "./convolution/index.js";

/** A graph made ready, and the model that ONNX Runtime is given. */
export interface Lowered {
  readonly graph: Graph;
  readonly model: Model;
  /** What gives the model those of its inputs that the graph does not have, of steady inputs alone. */
  readonly preparation?: Model | undefined;
  /** How much ONNX Runtime is to optimise where nothing else is asked for. */
  readonly optimization?: "disabled";
  /** Of a graph in blocks, the share of its numbers outside of them; see {@link inBlocks}. */
  readonly plainShare?: number;
}

/** How a graph is lowered. */
export interface LowerOptions {
  /** Whether to write convolutions and gradients out plainly, and to keep to ONNX's own operators. */
  readonly standard: boolean;
  /** Writes a standard graph without the operators that a device lacks. */
  readonly expand?: ((graph: Graph) => Graph) | undefined;
  readonly costs?: Costs;
}

/**
 * A graph as the CPU of ONNX Runtime runs it fastest: constants folded, copies dropped, convolutions and their gradients in
 * the form that `costs` say, and operators of ONNX Runtime's own where it is faster with them; or a `standard` one.
 */
export async function lower(
  graph: Graph,
  { standard, expand = (whole) => whole, costs = COSTS }: LowerOptions,
): Promise<Lowered> {
  const small = deadCode(foldConstants(dropExpands(graph)));
  if (standard) {
    const ready = expand(deadCode(foldConstants(standardGraph(small))));
    return { graph: ready, model: modelFromGraph(ready) };
  }
  const shorter = swishGradients(small);
  const blocked = await inLayout(shorter, costs);
  if (blocked !== undefined) return blocked;
  const ready = withForms(shorter, costs);
  return { graph: ready, model: modelFromGraph(ready) };
}

/**
 * {@link lower}, in two: what depends on steady inputs alone, and the rest. Undefined where ONNX Runtime is faster with what is steady
 * as constants, although it is then compiled anew for each change: where it brings maps into its blocked layout by itself.
 */
export async function lowerInTwo(
  graph: Graph,
  steady: ReadonlySet<string>,
  options: LowerOptions,
): Promise<Lowered | undefined> {
  const isLaidOut = !options.standard && (await blockSize()) !== undefined;
  const whole = isLaidOut
    ? await inLayout(
        swishGradients(deadCode(foldConstants(dropExpands(graph)))),
        options.costs ?? COSTS,
        steady,
      )
    : await lower(graph, options);
  if (whole === undefined) return undefined;
  const typeOf = (name: string): ValueInfo =>
    whole.graph.values.get(name) ?? { name, dtype: "float32", shape: undefined };
  return { ...whole, ...takeOutSteady(whole.model, steady, typeOf) };
}

/** Convolutions in their forms, and what ONNX Runtime does not see to by itself. */
function withForms(
  graph: Graph,
  costs: Costs,
  isSteady?: (value: string) => boolean,
  isKept?: (node: Node) => boolean,
): Graph {
  const folded = deadCode(foldConstants(chooseForms(graph, costs, isSteady, isKept)));
  return namedOutputs(rankedScalars(sumsAsAdditions(folded), costs));
}

/** The graph with its maps in blocks throughout; undefined where that is not to be. */
async function inLayout(
  graph: Graph,
  costs: Costs,
  steady?: ReadonlySet<string>,
): Promise<Lowered | undefined> {
  // Without such gradients the layout need not even be tested.
  const gradients = graph.nodes.filter(({ op }) => op === "ConvInputGradient");
  if (gradients.length < costs.blockedGradients) return undefined;
  const block = await layoutBlock();
  return block === undefined ? undefined : lowerInBlocks(graph, block, costs, steady);
}

/**
 * A folded graph with its maps in blocks of so many channels. Where that does not pay, of a training only its depthwise convolutions:
 * outside of blocks they take many times as long. Undefined where there are none.
 */
export function lowerInBlocks(
  graph: Graph,
  block: number,
  costs: Costs,
  steady?: ReadonlySet<string>,
): Lowered | undefined {
  const [isConstant, isSteady] = [steadyValues(graph), steadyValues(graph, steady)];
  // What trains the weights of convolutions is given others at each run.
  const takesAnyWeight = graph.nodes.some(({ op }) => op === "ConvWeightGradient");
  const laidOut = (onlyDepthwise: boolean) => {
    const context = { block, takesAnyWeight, onlyDepthwise };
    const takes = (node: Node): boolean =>
      !isSteady(node.outputs[0]!) &&
      takesGradient(graph, node, { ...context, isSteady }) &&
      !isProduct(graph, node, { isConstant, isSteady, costs });
    const gradients = graph.nodes.filter((node) => node.op === "ConvInputGradient" && takes(node));
    if (gradients.length < costs.blockedGradients) return undefined;
    const formed = withForms(graph, costs, isSteady, takes);
    const ready = onlyDepthwise ? formed : clipMasks(formed);
    return { graph: ready, ...inBlocks(ready, { ...context, isSteady: steadyValues(ready, steady) }) };
  };
  const whole = laidOut(false);
  if (whole && whole.plainShare <= costs.plainShare) return { ...whole, optimization: "disabled" };
  return takesAnyWeight ? laidOut(true) : undefined;
}
