import {
  reachOf,
  reshapeTo,
  windowAttributes,
  windowOf,
  type GraphBuilder,
  type PoolingOp,
  type Value,
  type Window,
} from "../../graph/index.js";
import { sizeOf, tensor } from "../../tensor/index.js";
import { asNumber, type Rule, type Rules } from "../rule.js";

/**
 * MaxPool: the gradient goes to the first maximum of each window in row-major order, as in
 * PyTorch; overlapping windows add up.
 */
const maxPool: Rule<"MaxPool"> = ({ g, inputs: [x], outputGrads: [yGrad], attributes }) => {
  const { storage_order: _, ...window } = attributes;
  return [g.op("MaxPoolGradient", [x, yGrad], window)];
};

/** Linear in the incoming gradient: its own gradient reads the values at the maxima. x only determines where they are. */
const maxPoolGradient: Rule<"MaxPoolGradient"> = ({
  g,
  inputs: [x, arrived],
  outputGrads: [cotangent],
  attributes,
  needs,
}) => {
  if (!needs(1)) return [null, null];
  const indices = g.ops("MaxPool", [x], attributes, { outputs: 2 })[1]!;
  const flat = (value: Value): Value => reshapeTo(g, value, [sizeOf(value.shape)]);
  const there = g.op("Gather", [flat(cotangent!), flat(indices)], { axis: 0 });
  return [null, reshapeTo(g, there, arrived!.shape)];
};

/** 1 / (number of positions in each window of `y`, including padding if it counts): a scalar if all windows are equal. */
function share(
  g: GraphBuilder,
  y: Value,
  spatial: readonly number[],
  w: Window,
  withPadding: boolean,
): Value {
  const covered = y.shape.slice(2).map((length, i) => {
    const [begin, end] = withPadding ? [-w.padsBegin[i]!, spatial[i]! + w.padsEnd[i]!] : [0, spatial[i]!];
    return Array.from({ length }, (_, at) => {
      const first = at * w.strides[i]! - w.padsBegin[i]!;
      const taps = Array.from({ length: w.kernel[i]! }, (__, tap) => first + tap * w.dilations[i]!);
      return taps.filter((place) => place >= begin && place < end).length;
    });
  });
  const counts = covered.reduce((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
  if (counts.every((count) => count === counts[0])) return g.scalar(1 / counts[0]!, y);
  const shares = tensor(
    "float32",
    [1, 1, ...y.shape.slice(2)],
    Float32Array.from(counts, (count) => 1 / count),
  );
  return g.op("Cast", [g.constant(shares)], { to: y.dtype });
}

/** AveragePool: the adjoint is a depthwise transposed convolution with a kernel of ones. */
const averagePool: Rule<"AveragePool"> = ({
  g,
  inputs: [x],
  outputs: [y],
  outputGrads: [yGrad],
  attributes,
}) => {
  const spatial = x!.shape.slice(2);
  const w = windowOf(attributes, spatial);
  const channels = x!.shape[1]!;
  const ones = g.op("Expand", [g.scalar(1, x), g.ints([channels, 1, ...w.kernel])]);
  const out = y!.shape.slice(2);
  // The extent that the windows cover, including both pads; in ceil mode it may go beyond them.
  const reached = reachOf(out, w);
  const padded = spatial.map((length, i) => length + w.padsBegin[i]! + w.padsEnd[i]!);
  const padsEnd = w.padsEnd.map((pad, i) => pad + Math.max(0, reached[i]! - padded[i]!));
  const common = { ...windowAttributes({ ...w, padsEnd }), group: channels };
  const shares = g.op("Mul", [yGrad, share(g, y!, spatial, w, attributes.count_include_pad === 1)]);
  const outputPadding = spatial.map((_, i) => Math.max(0, padded[i]! - reached[i]!));
  return [g.op("ConvTranspose", [shares, ones], { ...common, output_padding: outputPadding })];
};

export const POOLING_RULES: Rules<PoolingOp> = {
  MaxPool: maxPool,
  MaxPoolGradient: maxPoolGradient,
  AveragePool: averagePool,
  GlobalAveragePool: ({ g, inputs: [x], outputGrads: [yGrad] }) => {
    const share = g.op("Mul", [yGrad, g.scalar(1 / sizeOf(x!.shape.slice(2)), x)]);
    return [g.op("Expand", [share, g.ints(x!.shape)])];
  },
  GlobalMaxPool: ({ g, inputs: [x], outputs: [y], outputGrads: [yGrad] }) => {
    const hits = asNumber(g, g.op("Equal", [x, y]), x!);
    const axes = x!.shape.flatMap((_, axis) => (axis >= 2 ? [axis] : []));
    const count = g.op("ReduceSum", [hits, g.ints(axes)], { keepdims: 1 });
    return [g.op("Mul", [hits, g.op("Div", [yGrad, count])])];
  },
};
