/** Operators that a device has no kernel for, written out in those that it has. */
import {
  attributesOf,
  deadCode,
  foldConstants,
  indicesOf,
  normaliseAxis,
  padZeros,
  reachOf,
  reshapeTo,
  rewrite,
  sliceBounds,
  windowOf,
  type Graph,
  type GraphBuilder,
  type Node,
  type OpType,
  type Value,
} from "../../graph/index.js";
import { float32, sizeOf, tensor, toNumbers } from "../../tensor/index.js";
import type { OtherDevice } from "./session.js";

/** A node's outputs in other operators; undefined where this node stays as it is. */
type Expansion<Op extends OpType> = (
  g: GraphBuilder,
  node: Node<Op>,
  context: Context,
) => readonly Value[] | undefined;
/** What the expansions of one graph share. */
interface Context {
  /** int32 values by the graph's name of the int64 that is made of them. */
  readonly wide: Map<string, Value>;
}
type Expansions = { readonly [Op in OpType]?: Expansion<Op> };

/** Below every float32 but −∞: what is outside of an image is never the maximum. */
const LOWEST = -3.4028234663852886e38;
/** Takes every difference that matters above 1. */
const SHARP = 1e30;

const inputOf = (g: GraphBuilder, node: Node, place = 0): Value => g.value(node.inputs[place]!);
const isFloat32 = (value: Value): boolean => value.dtype === "float32";

/** Whether `a` is greater than `b`, as 0 or 1. */
const greater = (g: GraphBuilder, a: Value, b: Value): Value =>
  g.op("Cast", [g.op("Greater", [a, b])], { to: "float32" });

/** Sign(x) = [x > 0] − [0 > x] */
const sign: Expansion<"Sign"> = (g, node) => {
  const x = inputOf(g, node);
  if (!isFloat32(x)) return undefined;
  const zero = g.scalar(0);
  return [g.op("Sub", [greater(g, x, zero), greater(g, zero, x)])];
};

/** Round(x), halves to the even neighbour: ⌊x⌋ + [x − ⌊x⌋ > ½ (1 + even)], even = 1 − (⌊x⌋ mod 2), less what a tie adds. */
const round: Expansion<"Round"> = (g, node) => {
  const x = inputOf(g, node);
  if (!isFloat32(x)) return undefined;
  const [half, two] = [g.scalar(0.5), g.scalar(2)];
  const floor = g.op("Floor", [x]);
  const rest = g.op("Sub", [x, floor]);
  const odd = g.op("Sub", [floor, g.op("Mul", [g.op("Floor", [g.op("Div", [floor, two])]), two])]);
  const tie = g.op("Cast", [g.op("Equal", [rest, half])], { to: "float32" });
  return [g.op("Add", [g.op("Add", [floor, greater(g, rest, half)]), g.op("Mul", [tie, odd])])];
};

/** LogSoftmax(x) = x − m − log Σ exp(x − m), m = max x */
const logSoftmax: Expansion<"LogSoftmax"> = (g, node) => {
  const x = inputOf(g, node);
  const axes = g.ints([normaliseAxis(attributesOf(node).axis, x.shape.length)]);
  const shifted = g.op("Sub", [x, g.op("ReduceMax", [x, axes], { keepdims: 1 })]);
  const total = g.op("ReduceSum", [g.op("Exp", [shifted]), axes], { keepdims: 1 });
  return [g.op("Sub", [shifted, g.op("Log", [total])])];
};

/** Softsign(x) = x / (1 + |x|) */
const softsign: Expansion<"Softsign"> = (g, node) => {
  const x = inputOf(g, node);
  return [g.op("Div", [x, g.op("Add", [g.scalar(1), g.op("Abs", [x])])])];
};

const sum: Expansion<"Sum"> = (g, node) => {
  const [first, ...rest] = g.inputsOf(node) as [Value, ...Value[]];
  return [rest.reduce((total, term) => g.op("Add", [total, term]), g.op("Identity", [first]))];
};

/** At inference it hands its input on. */
const dropout: Expansion<"Dropout"> = (g, node) =>
  node.outputs.length > 1 ? undefined : [g.op("Identity", [inputOf(g, node)])];

/** y_c = x_c / ( bias + alpha / size · Σ x²_k )^beta, k within the `size` channels around c. */
const localResponse: Expansion<"LRN"> = (g, node) => {
  const x = inputOf(g, node);
  const { alpha, beta, bias, size } = attributesOf(node);
  const [channels, before] = [x.shape[1]!, Math.floor((size - 1) / 2)];
  const ends = (count: number): number[] => x.shape.map((_, axis) => (axis === 1 ? count : 0));
  const squares = padZeros(g, g.op("Mul", [x, x]), ends(before), ends(size - 1 - before));
  const near = Array.from({ length: size }, (_, k) =>
    g.op("Slice", [squares, g.ints([k]), g.ints([k + channels]), g.ints([1])]),
  ).reduce((total, term) => g.op("Add", [total, term]));
  const scale = g.op("Add", [g.op("Mul", [near, g.scalar(alpha / size)]), g.scalar(bias)]);
  return [g.op("Div", [x, g.op("Pow", [scale, g.scalar(beta)])])];
};

/**
 * BatchNormalization that normalises by its batch, with the running averages that it puts out:
 *
 *   y = scale · (x − μ) / √(σ² + ε) + shift ,   running' = momentum · running + (1 − momentum) · (μ, σ²)
 */
const batchNorm: Expansion<"BatchNormalization"> = (g, node) => {
  const { epsilon, momentum, training_mode } = attributesOf(node);
  if (training_mode !== 1) return undefined;
  const [x, scale, shift, ...running] = g.inputsOf(node) as [Value, Value, Value, Value, Value];
  const axes = g.ints(x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])));
  const alongChannels = (vector: Value): Value =>
    reshapeTo(
      g,
      vector,
      x.shape.map((_, axis) => (axis === 1 ? x.shape[1]! : 1)),
    );
  const mean = g.op("ReduceMean", [x, axes], { keepdims: 1 });
  const centred = g.op("Sub", [x, mean]);
  const variance = g.op("ReduceMean", [g.op("Mul", [centred, centred]), axes], { keepdims: 1 });
  const deviation = g.op("Sqrt", [g.op("Add", [variance, g.scalar(epsilon)])]);
  const scaled = g.op("Mul", [g.op("Div", [centred, deviation]), alongChannels(scale)]);
  const averages = [mean, variance].map((batch, i) => {
    const seen = reshapeTo(g, batch, [x.shape[1]!]);
    if (momentum === 0) return seen;
    const kept = g.op("Mul", [running[i]!, g.scalar(momentum)]);
    return g.op("Add", [kept, g.op("Mul", [seen, g.scalar(1 - momentum)])]);
  });
  return [g.op("Add", [scaled, alongChannels(shift)]), ...averages].slice(0, node.outputs.length);
};

/**
 * MaxPool with its indices, which count over the whole tensor: the first tap of a window, in row-major order, that is its maximum.
 *
 *   index = (n · C + c) · P + place(tap) ,   P the pixels of a map
 *
 * Without a boolean, which WebGPU cannot transpose: [pixel = maximum] = clip( 1 − 10³⁰ (maximum − pixel), 0, 1 ).
 */
const maxPool: Expansion<"MaxPool"> = (g, node, { wide }) => {
  const x = inputOf(g, node);
  const attributes = attributesOf(node);
  const [output, indices] = node.outputs;
  if (indices === undefined || attributes.storage_order === 1) return undefined;
  const [images, channels, ...space] = x.shape as [number, number, ...number[]];
  const most = g.op("MaxPool", [x], attributes, { name: output! });
  const out = most.shape.slice(2);
  const w = windowOf(attributes, space);
  // Windows of a rounded-up output may reach further than the pads.
  const beyond = reachOf(out, w).map((reach, i) => reach - space[i]! - w.padsBegin[i]! - w.padsEnd[i]!);
  const ends = w.padsEnd.map((pad, i) => pad + Math.max(0, beyond[i]!));
  const padded = g.op("Pad", [x, g.ints([0, 0, ...w.padsBegin, 0, 0, ...ends]), g.scalar(LOWEST)]);
  const axes = space.map((_, i) => i + 2);
  let place: Value | undefined;
  for (const tap of indicesOf(w.kernel).reverse()) {
    const starts = tap.map((index, i) => index * w.dilations[i]!);
    const stops = starts.map((start, i) => start + (out[i]! - 1) * w.strides[i]! + 1);
    const pixels = g.op("Slice", [padded, g.ints(starts), g.ints(stops), g.ints(axes), g.ints(w.strides)]);
    const met = indicesOf(out).map((position) =>
      position.reduce(
        (index, at, i) => index * space[i]! + at * w.strides[i]! + starts[i]! - w.padsBegin[i]!,
        0,
      ),
    );
    const here = g.constant(float32([1, 1, ...out], met));
    if (place === undefined) {
      place = g.op("Expand", [here, g.ints(most.shape)]);
      continue;
    }
    const apart = g.op("Mul", [g.op("Sub", [most, pixels]), g.scalar(SHARP)]);
    const isHere = g.op("Clip", [g.op("Sub", [g.scalar(1), apart]), g.scalar(0), g.scalar(1)]);
    place = g.op("Add", [place, g.op("Mul", [isHere, g.op("Sub", [here, place])])]);
  }
  const maps = Int32Array.from({ length: images * channels }, (_, map) => map * sizeOf(space));
  const base = g.constant(tensor("int32", [images, channels, ...out.map(() => 1)], maps));
  const index = g.op("Add", [g.op("Cast", [place!], { to: "int32" }), base]);
  wide.set(indices, index);
  return [most, g.op("Cast", [index], { to: "int64" })];
};

/** Backwards by its indices: WebGPU's kernel gives wrong values in steps below −1. */
const slice: Expansion<"Slice"> = (g, node) => {
  const [x, ...given] = g.inputsOf(node) as [Value, ...(Value | undefined)[]];
  const [starts, ends, axes, steps] = given.map((each) => each && numbersOf(g, each));
  if (starts === undefined || ends === undefined || steps === undefined) return undefined;
  if (steps.every((step) => step > 0)) return undefined;
  return [
    starts.reduce((value, start, i) => {
      const axis = normaliseAxis(axes?.[i] ?? i, x.shape.length);
      const [first, last] = sliceBounds(x.shape[axis]!, start, ends[i]!, steps[i]!);
      const length = Math.max(0, Math.ceil((last - first) / steps[i]!));
      const places = Array.from({ length }, (_, k) => first + k * steps[i]!);
      return g.op("Gather", [value, g.ints(places)], { axis });
    }, x),
  ];
};

/** int64 is reshaped before it is widened: WebGPU reshapes none. */
const reshape: Expansion<"Reshape"> = (g, node, { wide }) => {
  const narrow = wide.get(node.inputs[0]!);
  if (narrow === undefined) return undefined;
  return [
    g.op("Cast", [g.op("Reshape", [narrow, g.value(node.inputs[1]!)], attributesOf(node))], { to: "int64" }),
  ];
};

/**
 * A transposed convolution whose groups have one output channel and several inputs, group by group: WebGPU's kernel takes such
 * groups for depthwise ones.
 */
const groupedTranspose: Expansion<"ConvTranspose"> = (g, node) => {
  const [x, weight, bias] = g.inputsOf(node) as [Value, Value, Value?];
  const { group, ...attributes } = attributesOf(node);
  if (group === 1 || weight.shape[1] !== 1 || weight.shape[0] === group) return undefined;
  const part = (value: Value, axis: number, i: number): Value => {
    const size = value.shape[axis]! / group;
    return g.op("Slice", [value, g.ints([i * size]), g.ints([(i + 1) * size]), g.ints([axis])]);
  };
  const parts = Array.from({ length: group }, (_, i) =>
    g.op("ConvTranspose", [part(x, 1, i), part(weight, 0, i), bias && part(bias, 0, i)], attributes),
  );
  return [g.op("Concat", parts, { axis: 1 })];
};

function numbersOf(g: GraphBuilder, value: Value): number[] | undefined {
  const constant = g.constantOf(value);
  return constant && Array.from(toNumbers(constant));
}

const EXPANSIONS: Expansions = {
  Sign: sign,
  Round: round,
  LogSoftmax: logSoftmax,
  Softsign: softsign,
  Sum: sum,
  Dropout: dropout,
  LRN: localResponse,
  BatchNormalization: batchNorm,
  MaxPool: maxPool,
  Slice: slice,
  Reshape: reshape,
  ConvTranspose: groupedTranspose,
};

/**
 * What each device lacks of the operators in graphs here and is written out. Found by running every operator's test on the device
 * (webgpu), else by ONNX Runtime's lists of kernels (docs/devices.md).
 */
const LACKING: Readonly<Record<OtherDevice, readonly (keyof typeof EXPANSIONS)[]>> = {
  cuda: ["BatchNormalization"],
  webgpu: [
    "Sign",
    "Round",
    "LogSoftmax",
    "Softsign",
    "Sum",
    "Dropout",
    "LRN",
    "BatchNormalization",
    "MaxPool",
    "Reshape",
    "Slice",
    "ConvTranspose",
  ],
  dml: ["BatchNormalization"],
  coreml: ["Sum", "LogSoftmax", "Softsign", "Dropout", "BatchNormalization"],
};

/** The graph without what the device lacks and can be written otherwise. */
export function expandFor(device: OtherDevice, graph: Graph): Graph {
  const lacking = new Set<OpType>(LACKING[device]);
  if (!graph.nodes.some(({ op }) => lacking.has(op))) return graph;
  const context: Context = { wide: new Map() };
  const expanded = rewrite<number>(graph, (node, g) => {
    if (!lacking.has(node.op)) return undefined;
    const expansion = EXPANSIONS[node.op] as Expansion<OpType> | undefined;
    return expansion?.(g, node, context);
  });
  return deadCode(foldConstants(expanded));
}
