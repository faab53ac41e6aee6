import { columnsOf, windowOf, type GraphBuilder, type NeuralOp, type Value } from "../../graph/index.js";
import { sizeOf, tensor } from "../../tensor/index.js";
import { asNumber, reshapeTo, swapLastAxes, type Rule, type Rules } from "../rule.js";
import { batchNormalization } from "./batch-normalization.js";
import { convAttributes } from "./convolution/attributes.js";
import { conv, convTranspose } from "./convolution/rules.js";

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

/** Col2Im: the adjoint takes the windows of the image apart, by a convolution with one kernel for each tap. */
const col2Im: Rule<"Col2Im"> = ({ g, inputs: [columns], outputGrads: [yGrad], types }) => {
  const { w } = columnsOf(types);
  const [taps, channels] = [sizeOf(w.kernel), yGrad!.shape[1]!];
  const one = new Float32Array(taps * taps);
  for (let tap = 0; tap < taps; tap++) one[tap * (taps + 1)] = 1;
  const kernels = g.op("Expand", [
    g.op("Cast", [g.constant(tensor("float32", [1, taps, taps], one))], { to: yGrad!.dtype }),
    g.ints([channels, taps, taps]),
  ]);
  const weight = reshapeTo(g, kernels, [channels * taps, 1, ...w.kernel]);
  const apart = g.op("Conv", [yGrad, weight], convAttributes(w, channels));
  return [reshapeTo(g, apart, columns!.shape), null, null];
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
  const out = y!.shape.slice(2);
  const w = windowOf(attributes, spatial);
  const channels = x!.shape[1]!;
  const ones = g.op("Expand", [g.scalar(1, x), g.ints([channels, 1, ...w.kernel])]);
  // What the windows reach over, both pads included; in ceil mode it may be beyond them.
  const reached = out.map(
    (length, i) => (length - 1) * w.strides[i]! + w.dilations[i]! * (w.kernel[i]! - 1) + 1,
  );
  const padded = spatial.map((length, i) => length + w.padsBegin[i]! + w.padsEnd[i]!);
  const beyond = reached.map((length, i) => Math.max(0, length - padded[i]!));
  const common = {
    kernel_shape: [...w.kernel],
    strides: [...w.strides],
    pads: [...w.padsBegin, ...w.padsEnd.map((pad, i) => pad + beyond[i]!)],
    dilations: [...w.dilations],
    group: channels,
  };
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

/** alpha · op(A) op(B) + beta · C, by cases of the transposes. */
const gemm: Rule<"Gemm"> = ({ g, inputs: [a, b, c], outputGrads: [yGrad], attributes, needs }) => {
  const alpha = attributes.alpha;
  const [transA, transB] = [attributes.transA, attributes.transB];
  const product = (left: Value, right: Value, transLeft: number, transRight: number): Value =>
    g.op("Gemm", [left, right], { alpha, transA: transLeft, transB: transRight });
  const beta = attributes.beta;
  return [
    needs(0) ? (transA ? product(b!, yGrad!, transB, 1) : product(yGrad!, b!, 0, 1 - transB)) : null,
    needs(1) ? (transB ? product(yGrad!, a!, 1, transA) : product(a!, yGrad!, 1 - transA, 0)) : null,
    c === undefined || !needs(2) ? null : beta === 1 ? yGrad! : g.op("Mul", [yGrad, g.scalar(beta, c)]),
  ];
};

/** MatMul: a_grad = y_grad @ bᵀ, b_grad = aᵀ @ y_grad; vectors as one-row or one-column matrices. */
const matMul: Rule = ({ g, inputs: [a, b], outputGrads: [yGrad], needs }) => {
  const matrix = (v: Value, column: boolean): Value =>
    v.shape.length > 1 ? v : reshapeTo(g, v, column ? [v.shape[0]!, 1] : [1, v.shape[0]!]);
  const [left, right] = [matrix(a!, false), matrix(b!, true)];
  const batch = yGrad!.shape.slice(
    0,
    yGrad!.shape.length - Number(a!.shape.length > 1) - Number(b!.shape.length > 1),
  );
  const grad = reshapeTo(g, yGrad!, [...batch, left.shape.at(-2)!, right.shape.at(-1)!]);
  const flat = (v: Value, like: Value): Value => (like.shape.length > 1 ? v : vector(g, v, like.shape[0]!));
  return [
    needs(0) ? flat(g.op("MatMul", [grad, swapLastAxes(g, right)]), a!) : null,
    needs(1) ? flat(g.op("MatMul", [swapLastAxes(g, left), grad]), b!) : null,
  ];
};

/** `[…batch, 1, K]` or `[…batch, K, 1]` → `[K]`, summed over the batch. */
function vector(g: GraphBuilder, value: Value, length: number): Value {
  const rows = reshapeTo(g, value, [sizeOf(value.shape) / length, length]);
  return g.op("ReduceSum", [rows, g.ints([0])], { keepdims: 0 });
}

export const NEURAL_RULES: Rules<NeuralOp> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  Col2Im: col2Im,
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
  BatchNormalization: batchNormalization,
  Gemm: gemm,
  MatMul: matMul,
  /** x_grad = y · (y_grad − Σ y_grad · y) */
  Softmax: ({ g, outputs: [y], outputGrads: [yGrad], attributes }) => {
    const along = g.ints([attributes.axis]);
    const dot = g.op("ReduceSum", [g.op("Mul", [yGrad, y]), along], { keepdims: 1 });
    return [g.op("Mul", [y, g.op("Sub", [yGrad, dot])])];
  },
  /** x_grad = y_grad − e^y · Σ y_grad */
  LogSoftmax: ({ g, outputs: [y], outputGrads: [yGrad], attributes }) => {
    const sum = g.op("ReduceSum", [yGrad, g.ints([attributes.axis])], { keepdims: 1 });
    return [g.op("Sub", [yGrad, g.op("Mul", [g.op("Exp", [y]), sum])])];
  },
  /** In eval form, which is what graphs hold, dropout is the identity. */
  Dropout: ({ node, inputs, outputGrads: [yGrad] }) => {
    if (inputs[2] !== undefined) throw new Error(`node "${node.name}": Dropout in training mode`);
    return [yGrad!, null, null];
  },
};
