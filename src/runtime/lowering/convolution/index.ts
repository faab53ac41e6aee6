import {
  attributesOf,
  isNode,
  isStandardOp,
  rewrite,
  standardForm,
  TRILINEAR,
  windowOf,
  type Graph,
  type GraphBuilder,
  type Node,
  type TrilinearOp,
  type Value,
  type Window,
} from "../../../graph/index.js";
import { sizeOf } from "../../../tensor/index.js";
import { COSTS, type Costs } from "../costs.js";
import { inputGradient } from "./input-gradient.js";
import { convolutionProduct, inputGradientProduct, weightGradientProduct } from "./products.js";
import { steadyValues } from "../steady.js";
import { weightGradient } from "./weight-gradient.js";

/** A convolution T(x, W, u) = Σ u · (W ⋆ x), of which a node gives the gradient by one of the three. */
export interface Layer {
  /** Shape of x, `[N, I, …]`. */
  readonly image: readonly number[];
  /** Shape of W, `[O, I / group, …kernel]`. */
  readonly weight: readonly number[];
  /** Shape of u, `[N, O, …]`, and of y = W ⋆ x. */
  readonly maps: readonly number[];
  readonly w: Window;
  readonly group: number;
}

/** What the forms of one graph share. */
export interface Lowering {
  readonly g: GraphBuilder;
  readonly costs: Costs;
  /** Whether a value is known before running. */
  isConstant(value: string): boolean;
  /** Whether it is the same from run to run. */
  isSteady(value: string): boolean;
  /** What `make` gives, once for each key. */
  shared(key: string, make: () => Value): Value;
}

/**
 * Convolutions and their gradients in the forms that ONNX Runtime runs fastest, of ONNX's operators alone:
 *
 * | | small maps | else |
 * |---|---|---|
 * | Conv | product over the batch | Conv |
 * | input gradient | product over the batch | Conv with the rotated weight; sub-pixel; ConvTranspose |
 * | weight gradient | product over the batch | Conv with the cotangent; a product a tap, over the batch or for each image |
 *
 * @param isSteady whether a value is known before running, or made of steady inputs alone.
 * @param isKept nodes that stay what they are.
 */
export function chooseForms(
  graph: Graph,
  costs: Costs = COSTS,
  isSteady: (value: string) => boolean = steadyValues(graph),
  isKept: (node: Node) => boolean = () => false,
): Graph {
  if (graph.nodes.every((node) => !isLayer(node) && isStandardOp(node.op))) return graph;
  const made = new Map<string, Value>();
  const shared = (key: string, make: () => Value): Value => {
    const value = made.get(key) ?? make();
    made.set(key, value);
    return value;
  };
  const isConstant = steadyValues(graph);
  return rewrite<number>(graph, (node, g) => {
    if (isKept(node)) return undefined;
    const form = isLayer(node)
      ? formOf(node, layerOf(graph, node), { g, costs, isConstant, isSteady, shared })
      : standardForm(node, g);
    return form && [form];
  });
}

/** {@link chooseForms}, for a graph that is written to a file. */
export function fastConvolutions(graph: Graph): Graph {
  return chooseForms(graph);
}

function formOf(node: Node, layer: Layer, lowering: Lowering): Value | undefined {
  const { g } = lowering;
  const inputs = g.inputsOf(node);
  const [first, second] = inputs as [Value, Value];
  if (isNode(node, "ConvWeightGradient")) {
    const form = isSmall(layer, lowering.costs.fewPositions) ? weightGradientProduct : weightGradient;
    return form(lowering, layer, first, second) ?? standardForm(node, g);
  }
  const isSmallEnough = isSmall(layer, productPositions(second.name, lowering));
  if (isNode(node, "Conv")) return isSmallEnough ? convolutionProduct(lowering, layer, inputs) : undefined;
  // A transposed convolution is an input gradient; those with groups or a bias stay what they are.
  if (isNode(node, "ConvTranspose") && (layer.group > 1 || inputs[2] !== undefined)) return undefined;
  const form = isSmallEnough ? inputGradientProduct : inputGradient;
  return form(lowering, layer, first, second) ?? standardForm(node, g);
}

function isLayer(node: Node): node is Node<TrilinearOp> {
  return Object.hasOwn(TRILINEAR, node.op);
}

export function layerOf(graph: Graph, node: Node<TrilinearOp>): Layer {
  const names = [node.inputs[0]!, node.inputs[1]!, node.outputs[0]!];
  const shapes = TRILINEAR[node.op].map((role, i) => [role, graph.values.get(names[i]!)!.shape]);
  const { image, weight, maps } = Object.fromEntries(shapes) as Record<string, readonly number[]>;
  const attributes = attributesOf(node);
  const w = windowOf(attributes, image!.slice(2), weight!.slice(2));
  return { image: image!, weight: weight!, maps: maps!, w, group: attributes.group };
}

/**
 * Output positions up to which a convolution with this weight is a product over the batch. A constant weight belongs to an evaluation,
 * where what comes of an image must not depend on how many others are in its batch: the rounding of products does.
 */
function productPositions(
  weight: string,
  { isConstant, isSteady, costs }: Pick<Lowering, "isConstant" | "isSteady" | "costs">,
): number {
  return isConstant(weight) ? 0 : isSteady(weight) ? costs.steadyPositions : costs.fewPositions;
}

/** Whether a convolution, or its input's gradient, is a product over the batch. */
export function isProduct(
  graph: Graph,
  node: Node,
  context: Pick<Lowering, "isConstant" | "isSteady" | "costs">,
): boolean {
  return isLayer(node) && isSmall(layerOf(graph, node), productPositions(node.inputs[1]!, context));
}

/** Whether the maps are so small that ONNX Runtime, image by image, is bound by reading the weight. */
function isSmall({ maps, group }: Layer, positions: number): boolean {
  return group === 1 && maps[0]! > 1 && sizeOf(maps.slice(2)) <= positions;
}
