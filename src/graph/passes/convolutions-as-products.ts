import { sizeOf } from "../../tensor/index.js";
import { GraphBuilder } from "../builder.js";
import { OP_CATALOGUE, type OpType } from "../catalogue/index.js";
import { windowOf, windowOutput, type Window } from "../catalogue/neural.js";
import { inferContext } from "../infer.js";
import type { Attributes, Graph, Node, Value } from "../graph.js";

/**
 * Output positions of an image up to which a convolution is rather one product over the whole batch. ONNX Runtime
 * multiplies image by image and so reads the whole weight for each: at 2 × 2 positions it is then bound by memory.
 * Found by timing the layers of ResNets (`bench/small-maps.mjs`).
 */
const FEW_POSITIONS = 16;

/**
 * Writes convolutions on small maps as one matrix product each, where the weight is not constant:
 *
 *   y = W ⋆ x + b   →   Y = W · X + b ,   W `[O, I·T]` , X `[I·T, P·N]` , Y `[O, P·N]`
 *
 * with T kernel taps and P output positions; X holds the pixels that each tap meets (im2col over the batch).
 * Their gradients are then products over the whole batch, too. A convolution with a constant weight is left
 * alone: ONNX Runtime has a layout for it.
 *
 * @param positions output positions of an image up to which it is done.
 */
export function convolutionsAsProducts(graph: Graph, positions: number = FEW_POSITIONS): Graph {
  const wanted = graph.nodes.filter(
    (node) => isSmall(graph, node, positions) && !graph.initializers.has(node.inputs[1]!),
  );
  if (wanted.length === 0) return graph;
  const replaced = new Set(wanted);
  const g = new GraphBuilder(graph.name);
  for (const input of graph.inputs) {
    const { dtype, shape } = graph.values.get(input)!;
    g.input(input, dtype, shape);
  }
  for (const [name, data] of graph.initializers) g.initializer(name, data);
  for (const node of graph.nodes) {
    if (replaced.has(node)) emitProduct(g, node);
    else g.node(node);
  }
  for (const output of graph.outputs) g.output(g.value(output));
  return g.build();
}

/** Constant weights of convolutions that {@link convolutionsAsProducts} would write as products, were they inputs. */
export function smallMapWeights(graph: Graph, positions: number = FEW_POSITIONS): string[] {
  const names = graph.nodes.flatMap((node) => (isSmall(graph, node, positions) ? [node.inputs[1]!] : []));
  return [...new Set(names)].filter((name) => graph.initializers.has(name));
}

function isSmall(graph: Graph, { op, outputs, attributes }: Node, positions: number): boolean {
  if (op !== "Conv" || (attributes["group"] ?? 1) !== 1) return false;
  const [batch, , ...out] = graph.values.get(outputs[0]!)!.shape;
  return batch! > 1 && sizeOf(out) <= positions;
}

/** Emits one op. */
type Emit = (op: OpType, inputs: readonly Value[], attributes?: Attributes) => Value;

function emitProduct(g: GraphBuilder, node: Node): void {
  const [x, weight, bias] = node.inputs.map((name) => g.value(name)) as [Value, Value, Value?];
  const name = node.outputs[0]!;
  // Named after the convolution, so that the names of later nodes stay free.
  const emit: Emit = (op, inputs, attributes = {}) =>
    g.op(op, inputs, attributes, { name: `${name}.${op.toLowerCase()}` });
  const w = windowOf(
    inferContext(
      [x, weight].map((value) => ({ ...value, constant: undefined })),
      1,
      node.attributes,
      OP_CATALOGUE.Conv,
    ),
    x.shape.slice(2),
    weight.shape.slice(2),
  );
  const out = windowOutput(x.shape.slice(2), w);
  const [batch, outChannels] = [x.shape[0]!, weight.shape[0]!];
  const rows = emit("Reshape", [weight, g.ints([outChannels, sizeOf(weight.shape.slice(1))])]);
  const product = emit("MatMul", [rows, columns(g, emit, x, w, out)]);
  const biased =
    bias === undefined ? product : emit("Add", [product, emit("Reshape", [bias, g.ints([outChannels, 1])])]);
  const maps = emit("Reshape", [biased, g.ints([outChannels, ...out, batch])]);
  const perm = [maps.shape.length - 1, ...Array(maps.shape.length - 1).keys()];
  g.node({ name: node.name, op: "Transpose", inputs: [maps.name], outputs: [name], attributes: { perm } });
}

/**
 * `[I·T, P·N]`: for each input channel and kernel tap, the pixel that it meets at every position of every image.
 * The batch is the last axis, so that one Gather copies whole runs.
 */
function columns(g: GraphBuilder, emit: Emit, x: Value, w: Window, out: readonly number[]): Value {
  const [batch, inChannels, ...space] = x.shape as [number, number, ...number[]];
  const size = sizeOf(space);
  const perm = [...x.shape.keys()].map((axis) => (axis + 1) % x.shape.length);
  const maps = emit("Reshape", [emit("Transpose", [x], { perm }), g.ints([inChannels, size, batch])]);
  const met = indicesOf(w.kernel).flatMap((tap) =>
    indicesOf(out).map((position) => pixelAt(position, tap, space, w)),
  );
  const { rows, zeros } = withZeros(met, size);
  const padded = zeros === 0 ? maps : emit("Pad", [maps, g.ints([0, 0, 0, 0, zeros, 0])]);
  const whole = rows.length === size && rows.every((row, i) => row === i);
  const gathered = whole ? maps : emit("Gather", [padded, g.ints(rows)], { axis: 1 });
  return emit("Reshape", [gathered, g.ints([inChannels * sizeOf(w.kernel), batch * sizeOf(out)])]);
}

/**
 * Rows to gather, where outside of the image rows of zeros follow its `size` pixels: so many that none is read more
 * often than a pixel is, which keeps the gradient of the Gather small.
 */
function withZeros(
  met: readonly (number | undefined)[],
  size: number,
): { readonly rows: readonly number[]; readonly zeros: number } {
  const reads = Array<number>(size).fill(0);
  for (const pixel of met) if (pixel !== undefined) reads[pixel]!++;
  const outside = met.filter((pixel) => pixel === undefined).length;
  const zeros = Math.ceil(outside / Math.max(1, ...reads));
  let next = 0;
  return { rows: met.map((pixel) => pixel ?? size + (next++ % zeros)), zeros };
}

/** Index of the pixel that a kernel tap meets at an output position; undefined outside of the image. */
function pixelAt(
  position: readonly number[],
  tap: readonly number[],
  space: readonly number[],
  w: Window,
): number | undefined {
  let index = 0;
  for (const [axis, length] of space.entries()) {
    const at = position[axis]! * w.strides[axis]! + tap[axis]! * w.dilations[axis]! - w.padsBegin[axis]!;
    if (at < 0 || at >= length) return undefined;
    index = index * length + at;
  }
  return index;
}

/** Every index of an array of this shape, in row-major order. */
function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (indices, length) => indices.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );
}
