import {
  isNode,
  rewrite,
  standardForm,
  type Graph,
  type GraphBuilder,
  type Node,
  type Value,
} from "../../../graph/index.js";
import { COSTS, type Costs } from "../costs.js";
import { inputGradient } from "./input-gradient.js";
import { isLayer, isSmall, layerOf, type FilterSource, type Lowering } from "./layer.js";
import { convolutionProduct, inputGradientProduct, weightGradientProduct } from "./products.js";
import { weightGradient } from "./weight-gradient.js";

/** A graph in ONNX's operators, and what its filters were made of. */
export interface Chosen {
  readonly graph: Graph;
  readonly filters: ReadonlyMap<string, FilterSource>;
}

/**
 * Convolutions and their gradients in the forms that ONNX Runtime runs fastest, of ONNX's operators alone:
 *
 * | | small maps, fed weight | else |
 * |---|---|---|
 * | Conv | product over the batch | Conv |
 * | input gradient | product over the batch | Conv with the rotated weight; sub-pixel; ConvTranspose |
 * | weight gradient | product over the batch | Conv with the cotangent; a product a tap, over the batch or for each image |
 */
export function chooseForms(graph: Graph, costs: Costs = COSTS): Chosen {
  const filters = new Map<string, FilterSource>();
  if (!graph.nodes.some(isLayer)) return { graph, filters };
  const known = constantsOf(graph);
  const made = new Map<string, Value>();
  const lowering = (g: GraphBuilder): Lowering => ({
    g,
    costs,
    filters,
    isConstant: ({ name }) => known.has(name),
    shared(key, make) {
      const value = made.get(key) ?? make();
      made.set(key, value);
      return value;
    },
  });
  const chosen = rewrite<number>(graph, (node, g) => {
    const form = isLayer(node) ? formOf(graph, node, lowering(g)) : undefined;
    return form && [form];
  });
  return { graph: chosen, filters };
}

/** Constant weights that a program of a few runs is rather fed: those of small maps, where they cost more to compile. */
export function weightsToFeed(graph: Graph): string[] {
  const small = graph.nodes.filter(
    (node) => isNode(node, "Conv") && isSmall(layerOf(graph, node), COSTS.fedPositions),
  );
  return [...new Set(small.map(({ inputs }) => inputs[1]!))].filter((name) => graph.initializers.has(name));
}

function formOf(graph: Graph, node: Node, lowering: Lowering): Value | undefined {
  if (!isLayer(node)) return undefined;
  const { g, costs, isConstant } = lowering;
  const layer = layerOf(graph, node);
  const inputs = g.inputsOf(node);
  const [first, second] = inputs as [Value, Value];
  const isProduct = isSmall(layer, costs.fewPositions);
  if (isNode(node, "ConvWeightGradient")) {
    const form = isProduct ? weightGradientProduct : weightGradient;
    return form(lowering, layer, first, second) ?? standardForm(node, g);
  }
  const isFed = !isConstant(second);
  if (isNode(node, "Conv")) {
    return isProduct && isFed ? convolutionProduct(lowering, layer, inputs) : undefined;
  }
  // A transposed convolution is an input gradient; those with groups or a bias stay what they are.
  if (isNode(node, "ConvTranspose") && (layer.group > 1 || inputs[2] !== undefined)) return undefined;
  const form = isProduct && isFed ? inputGradientProduct : inputGradient;
  return form(lowering, layer, first, second) ?? standardForm(node, g);
}

/** Values that come of constants alone. */
function constantsOf({ initializers, nodes }: Graph): ReadonlySet<string> {
  const known = new Set(initializers.keys());
  for (const { inputs, outputs } of nodes) {
    if (inputs.every((name) => name === "" || known.has(name))) outputs.forEach((name) => known.add(name));
  }
  return known;
}
