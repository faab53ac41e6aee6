import {
  reachOf,
  reshapeTo,
  windowAttributes,
  windowOf,
  type PoolingOp,
  type Value,
} from "../../graph/index.js";
import { sizeOf } from "../../tensor/index.js";
import { asNumber, type Rule, type Rules } from "../rule.js";

/**
 * MaxPool: the gradient goes to the first maximum of each window in row-major order, as in
 * PyTorch; overlapping windows add up.
 */
const maxPool: Rule<"MaxPool"> = ({ g, inputs: [x], outputs, outputGrads: [yGrad], attributes }) => {
  const rowMajor = attributes.storage_order === 0;
  const [, indices] =
    rowMajor && outputs[1] !== undefined
      ? outputs
      : g.ops("MaxPool", [x], { ...attributes, storage_order: 0 }, { outputs: 2 });
  const flat = (value: Value): Value => reshapeTo(g, value, [sizeOf(value.shape)]);
  const zeros = g.op("Expand", [g.scalar(0, x), g.ints([sizeOf(x!.shape)])]);
  const scattered = g.op("ScatterElements", [zeros, flat(indices!), flat(yGrad!)], {
    axis: 0,
    reduction: "add",
  });
  return [reshapeTo(g, scattered, x!.shape)];
};

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
  // What the windows reach over, both pads included; in ceil mode it may be beyond them.
  const reached = reachOf(y!.shape.slice(2), w);
  const padded = spatial.map((length, i) => length + w.padsBegin[i]! + w.padsEnd[i]!);
  const beyond = reached.map((length, i) => Math.max(0, length - padded[i]!));
  const padsEnd = w.padsEnd.map((pad, i) => pad + beyond[i]!);
  const common = { ...windowAttributes({ ...w, padsEnd }), group: channels };
  // A window's share is one of the places it covers, padding among them only where it counts.
  const included = attributes.count_include_pad === 1;
  const counted = included
    ? { size: padded, pads: [...spatial.map(() => 0), ...beyond] }
    : { size: spatial, pads: common.pads };
  const area = g.op("Expand", [g.scalar(1, x), g.ints([1, channels, ...counted.size])]);
  const count = g.op("Conv", [area, ones], { ...common, pads: counted.pads });
  const shares = g.op("Div", [yGrad, count]);
  const outputPadding = spatial.map((_, i) => Math.max(0, padded[i]! - reached[i]!));
  return [g.op("ConvTranspose", [shares, ones], { ...common, output_padding: outputPadding })];
};

export const POOLING_RULES: Rules<PoolingOp> = {
  MaxPool: maxPool,
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
