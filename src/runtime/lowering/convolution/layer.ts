import {
  attributesOf,
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
import type { Costs } from "../costs.js";

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

/** The filter of a convolution `[O, I, …]`, of which another value has the channels swapped. */
export interface FilterSource {
  readonly name: string;
  /** Whether its taps are in the other direction, too. */
  readonly reversed: boolean;
}

/** What the forms of one graph share. */
export interface Lowering {
  readonly g: GraphBuilder;
  readonly costs: Costs;
  /** Whether a value is known before running. */
  isConstant(value: Value): boolean;
  /** What `make` gives, once for each key. */
  shared(key: string, make: () => Value): Value;
  /** Filters that were made of other values, for the blocked layout to make them of these at once. */
  readonly filters: Map<string, FilterSource>;
}

export function isLayer(node: Node): node is Node<TrilinearOp> {
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

/** Whether the maps are so small that ONNX Runtime, image by image, is bound by reading the weight. */
export function isSmall({ maps, group }: Layer, positions: number): boolean {
  return group === 1 && maps[0]! > 1 && sizeOf(maps.slice(2)) <= positions;
}

/** Swaps batch and channels. */
export function channelsSwapped(g: GraphBuilder, value: Value): Value {
  return g.op("Transpose", [value], { perm: value.shape.map((_, axis) => (axis < 2 ? 1 - axis : axis)) });
}
