/** Ops as opsets 1 to 6 wrote them, in the files of 2017 and 2018 that model collections still offer. */
import type { ModelNode } from "../../onnx/index.js";
import { float32, type Tensor } from "../../tensor/index.js";
import type { Dim, Value } from "../graph.js";
import { normaliseAxis } from "../infer.js";
import { raise, Unsupported, type Raise } from "./raise.js";

/** Ops of two operands broadcast by the attributes `broadcast` and `axis`, not as in NumPy. */
const BEFORE_NUMPY = 7;

/** The node without the attributes that opsets 1 to 5 had for in-place computation, which mean nothing. */
export function withoutLegacy(node: ModelNode, opset: number): ModelNode {
  if (opset >= BEFORE_NUMPY || !node.attributes.has("consumed_inputs")) return node;
  return {
    ...node,
    attributes: new Map([...node.attributes].filter(([name]) => name !== "consumed_inputs")),
  };
}

/** The second operand began at `axis` of the first: it gets axes of 1 for those that follow. */
const binary = raise({
  attributes: { broadcast: { kind: "int", default: 0 }, axis: { kind: "int" } },
  emit: ({ g, opset, inputs: [a, b], attributes: { broadcast, axis }, again }) => {
    if (opset >= BEFORE_NUMPY || broadcast === 0 || axis === undefined) return undefined;
    const after = a!.shape.length - normaliseAxis(axis, a!.shape.length) - b!.shape.length;
    if (after < 0) {
      throw new Unsupported(
        `[${b!.shape.join(", ")}] does not fit [${a!.shape.join(", ")}] from axis ${axis}`,
      );
    }
    return again([a, followedByOnes(g, b!, after)]);
  },
});

/** A slope per channel was `[C]`. */
const prelu = raise({
  attributes: {},
  emit: ({ g, opset, inputs: [x, slope], again }) => {
    const isPerChannel = opset < BEFORE_NUMPY && slope?.shape.length === 1 && slope.shape[0] !== 1;
    return isPerChannel ? again([x, followedByOnes(g, slope, x!.shape.length - 2)]) : undefined;
  },
});

function followedByOnes(g: Parameters<Raise["emit"]>[0]["g"], value: Value<Dim>, count: number): Value<Dim> {
  if (count === 0) return value;
  const axes = Array.from({ length: count }, (_, i) => value.shape.length + i);
  return g.op("Unsqueeze", [value, g.ints(axes)]);
}

/** Before opset 4, the axis could be left out. */
const concat = raise({
  attributes: { axis: { kind: "int" } },
  emit: ({ g, inputs, attributes: { axis } }) =>
    axis === undefined ? [g.op("Concat", inputs, { axis: 1 })] : undefined,
});

/** y = scale · x + bias per channel: how Core ML's and Windows ML's converters wrote preprocessing. */
const imageScaler = raise({
  attributes: { scale: { kind: "float", default: 1 }, bias: { kind: "floats", default: [] } },
  emit: ({ g, inputs: [x], attributes: { scale, bias } }) => {
    const scaled = g.op("Mul", [x, g.scalar(scale, x)]);
    if (bias.length === 0) return [scaled];
    return [g.op("Add", [scaled, g.constant(perChannel(bias, x!.shape.length - 2))])];
  },
});

function perChannel(values: readonly number[], after: number): Tensor {
  return float32([values.length, ...Array<number>(after).fill(1)], values);
}

export const FIRST_OPSETS: Readonly<Record<string, Raise>> = {
  ...Object.fromEntries(
    ["Add", "Sub", "Mul", "Div", "And", "Or", "Xor", "Greater", "Less", "Equal"].map((op) => [op, binary]),
  ),
  PRelu: prelu,
  Concat: concat,
  ImageScaler: imageScaler,
};
