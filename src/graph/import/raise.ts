import { dtypeOfCode, type ModelNode } from "../../onnx/index.js";
import { float32, int64, tensor, type Tensor } from "../../tensor/index.js";
import type { AttributeValue, Dim, Node, Value } from "../graph.js";

/** A reason why a node cannot be part of a graph here; the importer adds its name and lists all. */
export class Unsupported extends Error {
  override name = "Unsupported";
}

/** A node on its way from a model's opset to the internal one. */
export interface RawNode extends Omit<Node, "attributes"> {
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface RaiseContext {
  readonly opset: number;
  /** Adds a constant; its name. */
  constant(data: Tensor): string;
  /** A new value name near `stem`. */
  fresh(stem: string): string;
  /** Type of a value that is defined already. */
  typeOf(name: string): Value<Dim>;
  /** The constant behind a value, if it is one. */
  constantOf(name: string): Tensor | undefined;
}

/** The nodes of the internal opset that stand for one of an older opset. */
export type Raise = (node: RawNode, context: RaiseContext) => RawNode | readonly RawNode[];

type Attributes = RawNode["attributes"];

function without(attributes: Attributes, ...names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

const ints = (context: RaiseContext, values: AttributeValue | undefined): string =>
  context.constant(int64([(values as number[]).length], values as number[]));

/** Attributes that became inputs: each, where present, goes to its place among the inputs. */
const toInputs =
  (names: readonly string[], scalar = false): Raise =>
  (node, context) => {
    const inputs = [...node.inputs];
    names.forEach((name, i) => {
      const value = node.attributes[name];
      if (value === undefined || inputs[i + 1] !== undefined) return;
      inputs[i + 1] = scalar ? context.constant(float32([], [value as number])) : ints(context, value);
    });
    for (let i = 0; i < inputs.length; i++) inputs[i] ??= "";
    return { ...node, inputs, attributes: without(node.attributes, ...names) };
  };

/** Clip before opset 11 had its bounds as attributes, lowest and greatest float by default. */
const clip = toInputs(["min", "max"], true);

const pad: Raise = (node, context) => {
  const { pads, paddings, value } = node.attributes;
  if (pads === undefined && paddings === undefined) return node;
  const inputs = [node.inputs[0]!, ints(context, pads ?? paddings)];
  if (value !== undefined) inputs.push(context.constant(float32([], [value as number])));
  return { ...node, inputs, attributes: without(node.attributes, "pads", "paddings", "value") };
};

/** Inference only: a training-mode node would need its running outputs. */
const batchNormalization: Raise = (node, { opset }) => {
  const { spatial = 1, training_mode: training = 0 } = node.attributes;
  if (spatial !== 1) throw new Unsupported("spatial = 0");
  if (training !== 0) throw new Unsupported("training_mode = 1 (export the model in eval mode)");
  if (opset < 7 && node.attributes["is_test"] === 0) throw new Unsupported("is_test = 0");
  const attributes = without(node.attributes, "spatial", "is_test", "consumed_inputs");
  return { ...node, outputs: node.outputs.slice(0, 1), attributes };
};

/** Dropout does nothing in inference. */
const dropout: Raise = (node, { constantOf }) => {
  const mode = node.inputs[2];
  if (mode !== undefined && mode !== "" && constantOf(mode)?.data[0] !== 0) {
    throw new Unsupported("training_mode (export the model in eval mode)");
  }
  if (node.outputs[1]) throw new Unsupported("its mask is used");
  return { ...node, op: "Identity", inputs: [node.inputs[0]!], outputs: [node.outputs[0]!], attributes: {} };
};

/** Before opset 13 the input was flattened to two dimensions at `axis`, 1 by default. */
const softmax: Raise = (node, context) => {
  if (context.opset >= 13) return node;
  const { shape } = context.typeOf(node.inputs[0]!);
  const given = (node.attributes["axis"] as number | undefined) ?? 1;
  const axis = given < 0 ? given + shape.length : given;
  if (axis === shape.length - 1) return { ...node, attributes: { axis } };
  const [flat, soft] = [context.fresh(`${node.name}.flat`), context.fresh(`${node.name}.soft`)];
  const free = shape.findIndex((dim) => typeof dim !== "number");
  if (shape.some((dim, i) => i !== free && typeof dim !== "number")) {
    throw new Unsupported(`is over [${shape.join(", ")}], of which only one dimension may be open`);
  }
  const target = shape.map((dim, i) => (i === free ? -1 : (dim as number)));
  return [
    { ...node, name: flat, op: "Flatten", outputs: [flat], attributes: { axis } },
    { ...node, name: soft, inputs: [flat], outputs: [soft], attributes: { axis: 1 } },
    { ...node, op: "Reshape", inputs: [soft, ints(context, target)], attributes: {} },
  ];
};

/** x · max(0, min(1, x / 6 + ½)) */
const hardSwish: Raise = (node, { fresh }) => {
  const gate = fresh(`${node.name}.gate`);
  const hard = { op: "HardSigmoid", outputs: [gate], attributes: { alpha: 1 / 6, beta: 0.5 } };
  return [
    { ...node, ...hard, name: gate },
    { ...node, op: "Mul", inputs: [node.inputs[0]!, gate] },
  ];
};

/** relu(x) − slope · relu(−x) */
const leaky =
  (slope: (node: RawNode, context: RaiseContext) => string): Raise =>
  (node, context) => {
    const name = (part: string): string => context.fresh(`${node.name}.${part}`);
    const [positive, negated, negative, scaled] = ["positive", "negated", "negative", "scaled"].map(name);
    const x = node.inputs[0]!;
    const emit = (op: string, inputs: readonly string[], output: string): RawNode => ({
      name: output,
      op,
      inputs,
      outputs: [output],
      attributes: {},
    });
    return [
      emit("Relu", [x], positive!),
      emit("Neg", [x], negated!),
      emit("Relu", [negated!], negative!),
      emit("Mul", [negative!, slope(node, context)], scaled!),
      { ...emit("Sub", [positive!, scaled!], node.outputs[0]!), name: node.name },
    ];
  };

const leakyRelu = leaky(({ attributes }, { constant }) =>
  constant(float32([], [(attributes["alpha"] as number | undefined) ?? 0.01])),
);

const mean: Raise = (node, { fresh, constant }) => {
  const sum = fresh(`${node.name}.sum`);
  return [
    { ...node, name: sum, op: "Sum", outputs: [sum] },
    { ...node, op: "Mul", inputs: [sum, constant(float32([], [1 / node.inputs.length]))] },
  ];
};

const cast: Raise = (node) => {
  const to = dtypeOfCode(node.attributes["to"] as number);
  if (to === undefined) throw new Unsupported(`to = ${node.attributes["to"] as number}`);
  return { ...node, attributes: { to } };
};

/** Below opset 13 `split` was an attribute; `num_outputs` only counts them. */
const split: Raise = (node, context) => toInputs(["split"])(node, context);

const maxPool: Raise = (node) => {
  if (node.outputs[1]) throw new Unsupported("its Indices are used");
  return { ...node, outputs: node.outputs.slice(0, 1) };
};

const shapeOnlyAttributes =
  (...names: readonly string[]): Raise =>
  (node) => ({ ...node, attributes: without(node.attributes, ...names) });

const reduction = toInputs(["axes"]);

/** Ops that an older opset wrote otherwise, or that the catalogue's own can express. */
export const RAISES: ReadonlyMap<string, Raise> = new Map<string, Raise>([
  ["Squeeze", toInputs(["axes"])],
  ["Unsqueeze", toInputs(["axes"])],
  ["ReduceSum", reduction],
  ["ReduceMean", reduction],
  ["ReduceMax", reduction],
  ["ReduceMin", reduction],
  ["ReduceL2", reduction],
  ["ReduceSumSquare", reduction],
  ["ReduceLogSumExp", reduction],
  ["Reshape", toInputs(["shape"])],
  ["Slice", toInputs(["starts", "ends", "axes"])],
  ["Split", split],
  ["Pad", pad],
  ["Clip", clip],
  ["BatchNormalization", batchNormalization],
  ["Dropout", dropout],
  ["Softmax", softmax],
  ["LogSoftmax", softmax],
  ["Cast", cast],
  ["MaxPool", maxPool],
  ["Gemm", shapeOnlyAttributes("broadcast")],
  ["HardSwish", hardSwish],
  ["LeakyRelu", leakyRelu],
  ["PRelu", leaky(({ inputs }) => inputs[1]!)],
  ["Mean", mean],
]);

/** The tensor that a Constant node holds. */
export function constantTensor(node: ModelNode): Tensor {
  for (const [name, attribute] of node.attributes) {
    if (name === "value" && attribute.kind === "tensor") return attribute.value;
    if (name === "value_float" && attribute.kind === "float") return float32([], [attribute.value]);
    if (name === "value_int" && attribute.kind === "int") return int64([], [attribute.value]);
    if (name === "value_floats" && attribute.kind === "floats") {
      return tensor("float32", [attribute.value.length], Float32Array.from(attribute.value));
    }
    if (name === "value_ints" && attribute.kind === "ints") {
      return int64([attribute.value.length], attribute.value);
    }
  }
  throw new Unsupported(`a constant given by ${[...node.attributes.keys()].join(", ") || "nothing"}`);
}
