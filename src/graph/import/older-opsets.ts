/** Ops that older opsets wrote differently: attributes that became inputs, changed defaults, training modes. */
import { float32 } from "../../tensor/index.js";
import type { Dim, Value } from "../graph.js";
import { normaliseAxis } from "../infer.js";
import { raise, Unsupported, type Raise, type RaiseContext } from "./raise.js";

const ints = { kind: "ints" } as const;
const float = { kind: "float" } as const;

/** Turns axes from an attribute into an input. */
const axesToInput = raise({
  attributes: { axes: ints },
  emit: ({ g, inputs: [x], attributes: { axes }, again }) => (axes ? again([x, g.ints(axes)]) : undefined),
});

const reshape = raise({
  attributes: { shape: ints },
  emit: ({ g, inputs: [x], attributes: { shape }, again }) => (shape ? again([x, g.ints(shape)]) : undefined),
});

const slice = raise({
  attributes: { starts: ints, ends: ints, axes: ints },
  emit: ({ g, inputs: [x], attributes: { starts, ends, axes }, again }) =>
    starts && ends ? again([x, g.ints(starts), g.ints(ends), axes && g.ints(axes)]) : undefined,
});

/** Before opset 18, only the number of outputs said how many parts an equal split has. */
const split = raise({
  attributes: { split: ints, num_outputs: { kind: "int" }, axis: { kind: "int", default: 0 } },
  emit: ({ g, inputs: [x, sizes], attributes, node, again }) => {
    const count = node.outputs.length;
    const { split: given, num_outputs: stated, axis } = attributes;
    if (given) return again([x, g.ints(given)]);
    if (stated !== undefined && stated !== count)
      throw new Unsupported(`has ${count} outputs, but states ${stated}`);
    if (sizes !== undefined || stated !== undefined) return undefined;
    return g.ops("Split", [x], { axis, num_outputs: count }, { outputs: count });
  },
});

const pad = raise({
  attributes: { pads: ints, paddings: ints, value: float },
  emit: ({ g, inputs: [x], attributes: { pads, paddings, value }, again }) => {
    const given = pads ?? paddings;
    return given && again([x, g.ints(given), value === undefined ? undefined : g.scalar(value)]);
  },
});

/** Before opset 11, the bounds were attributes. Their defaults were the lowest and the greatest float. */
const clip = raise({
  attributes: { min: float, max: float },
  emit: ({ g, inputs: [x], attributes: { min, max }, again }) => {
    const bound = (value: number | undefined): Value<Dim> | undefined =>
      value === undefined ? undefined : g.constant(float32([], [value]));
    return min === undefined && max === undefined ? undefined : again([x, bound(min), bound(max)]);
  },
});

/** Inference only, because training mode would need the outputs of running statistics. */
const batchNormalization = raise({
  attributes: {
    spatial: { kind: "int", default: 1 },
    training_mode: { kind: "int", default: 0 },
    is_test: { kind: "int" },
    consumed_inputs: ints,
    epsilon: { kind: "float", default: 1e-5 },
  },
  emit: ({ g, inputs, attributes: { spatial, training_mode: training, epsilon }, again }) => {
    if (spatial !== 1) return [normalisedPlaces(g, inputs, epsilon)];
    if (training !== 0) {
      if (isFromInputs(g, inputs[0]!))
        throw new Unsupported("training_mode = 1 (export the model in eval mode)");
      return [standardisedWeight(g, inputs, epsilon)];
    }
    return again(inputs, 1);
  },
});

/** Whether a value depends on an input of the graph. */
function isFromInputs(g: RaiseContext["g"], value: Value<Dim>): boolean {
  const inputs = new Set(g.inputs);
  const seen = new Set<string>();
  const open = [value.name];
  while (open.length > 0) {
    const name = open.pop()!;
    if (name === "" || seen.has(name)) continue;
    seen.add(name);
    if (inputs.has(name)) return true;
    open.push(...(g.producer(g.value(name))?.inputs ?? []));
  }
  return false;
}

/**
 * Normalises weights by their own statistics. Weight standardisation (Qiao et al. 2019, arXiv:1903.10520) is written as
 * a BatchNormalization in training mode.
 */
function standardisedWeight(
  g: RaiseContext["g"],
  [x, scale, shift]: RaiseContext["inputs"],
  epsilon: number,
): Value<Dim> {
  const rank = x!.shape.length;
  const axes = g.ints(x!.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])));
  const mean = (value: Value<Dim>): Value<Dim> => g.op("ReduceMean", [value, axes], { keepdims: 1 });
  const centred = g.op("Sub", [x, mean(x!)]);
  const variance = mean(g.op("Mul", [centred, centred]));
  const deviation = g.op("Sqrt", [g.op("Add", [variance, g.scalar(epsilon, variance)])]);
  const normalised = g.op("Div", [centred, deviation]);
  const is = (value: Value<Dim> | undefined, number: number): boolean =>
    value !== undefined &&
    (g.constantOf(value)?.data as Float32Array | undefined)?.every((v) => v === number) === true;
  // A scale of ones and a bias of zeros are not trained.
  if (is(scale, 1) && is(shift, 0)) return normalised;
  const perChannel = (value: Value<Dim> | undefined): Value<Dim> =>
    g.op("Reshape", [value, g.ints([-1, ...Array<number>(rank - 2).fill(1)])]);
  return g.op("Add", [g.op("Mul", [normalised, perChannel(scale)]), perChannel(shift)]);
}

/** Before opset 9, `spatial` = 0 meant separate statistics for each position of the maps. */
function normalisedPlaces(g: RaiseContext["g"], inputs: RaiseContext["inputs"], epsilon: number): Value<Dim> {
  const [x, scale, shift, mean, variance] = inputs;
  const deviation = g.op("Sqrt", [g.op("Add", [variance, g.scalar(epsilon, variance)])]);
  const normalised = g.op("Div", [g.op("Sub", [x, mean]), deviation]);
  return g.op("Add", [g.op("Mul", [normalised, scale]), shift]);
}

/** Dropout does nothing in inference: its mask is all ones, which old exporters name but nothing reads. */
const dropout = raise({
  attributes: { ratio: float, is_test: { kind: "int" } },
  emit: ({ g, node, opset, inputs: [x, , mode] }) => {
    if (mode !== undefined && g.constantOf(mode)?.data[0] !== 0) {
      throw new Unsupported("training_mode (export the model in eval mode)");
    }
    const same = g.op("Identity", [x]);
    if (!node.outputs[1]) return [same];
    const ones = g.op("GreaterOrEqual", [g.op("Abs", [x]), g.scalar(0, x)]);
    return [same, opset < 10 ? g.op("Cast", [ones], { to: x!.dtype }) : ones];
  },
});

/** Before opset 13, all axes from `axis` on (1 by default) were flattened into one. */
const softmax = raise({
  attributes: { axis: { kind: "int" } },
  emit: ({ g, opset, inputs: [x], attributes: { axis: given = 1 }, node }) => {
    if (opset >= 13) return undefined;
    const op = node.op as "Softmax" | "LogSoftmax" | "Hardmax";
    const { shape } = x!;
    const axis = normaliseAxis(given, shape.length);
    if (axis === shape.length - 1) return [g.op(op, [x], { axis })];
    if (shape.slice(axis).filter((dim) => typeof dim !== "number").length > 1) {
      throw new Unsupported(`is over [${shape.slice(axis).join(", ")}]; only one dimension may be open`);
    }
    const before = shape.slice(0, axis).map(() => 0);
    const rest = shape.slice(axis).map((dim) => (typeof dim === "number" ? dim : -1));
    const flat = g.op("Reshape", [x, g.ints([...before, -1])]);
    return [g.op("Reshape", [g.op(op, [flat], { axis }), g.ints([...before, ...rest])])];
  },
});

/** Before opset 10, k was an attribute. The indices are emitted even if nothing reads them. */
const topK = raise({
  attributes: {
    k: { kind: "int" },
    axis: { kind: "int", default: -1 },
    largest: { kind: "int", default: 1 },
    sorted: { kind: "int", default: 1 },
  },
  emit: ({ g, inputs: [x, given], attributes: { k, ...attributes } }) =>
    g.ops("TopK", [x, k === undefined ? given : g.ints([k])], attributes),
});

/** Drops an attribute that has no meaning any more. */
const gemm = raise({ attributes: { broadcast: { kind: "int" } }, emit: () => undefined });

export const OLDER_OPSETS: Readonly<Record<string, Raise>> = {
  Squeeze: axesToInput,
  Unsqueeze: axesToInput,
  Reshape: reshape,
  Slice: slice,
  Split: split,
  Pad: pad,
  Clip: clip,
  BatchNormalization: batchNormalization,
  Dropout: dropout,
  Softmax: softmax,
  LogSoftmax: softmax,
  Hardmax: softmax,
  Gemm: gemm,
  TopK: topK,
};
