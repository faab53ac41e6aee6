/** ONNX's operators for classical machine learning, as converters of scikit-learn's models write them. */
import { float32 } from "../../../tensor/index.js";
import type { Dim, Value } from "../../graph.js";
import { known } from "../../infer.js";
import { raise, Unsupported, type Raise, type RaiseContext } from "../raise.js";
import { LEAST_TOTAL } from "./normalisation.js";

type G = RaiseContext["g"];
type V = Value<Dim>;

const text = { kind: "string" } as const;
const floats = { kind: "floats", default: [] as readonly number[] } as const;

const row = (g: G, values: readonly number[]): V => g.constant(float32([values.length], values));

/** (x − offset) · scale, one of each per feature */
const scaler = raise({
  attributes: { offset: floats, scale: floats },
  emit: ({ g, inputs: [x], attributes: { offset, scale } }) => {
    const centred = offset.length === 0 ? x! : g.op("Sub", [x, row(g, offset)]);
    return [scale.length === 0 ? g.op("Identity", [centred]) : g.op("Mul", [centred, row(g, scale)])];
  },
});

/** x / ‖x‖ along the last axis */
const normalizer = raise({
  attributes: { norm: { ...text, default: "MAX" } },
  emit: ({ g, inputs: [x], attributes: { norm } }) => {
    const last = g.ints([-1]);
    const positive = (value: V): V => g.op("Max", [value, g.scalar(LEAST_TOTAL, x)]);
    switch (norm) {
      case "L1":
        return [g.op("Div", [x, positive(g.op("ReduceSum", [g.op("Abs", [x]), last]))])];
      case "L2":
        return [g.op("Div", [x, g.op("Sqrt", [positive(g.op("ReduceSumSquare", [x, last]))])])];
      case "MAX":
        return [g.op("Div", [x, g.op("ReduceMax", [x, last])])];
      default:
        throw new Unsupported(`its norm "${norm.slice(0, 40)}" is not known`);
    }
  },
});

/** Scores x Wᵀ + b, with a softmax or a sigmoid; the first output is the place of the highest. */
const linearClassifier = raise({
  attributes: {
    coefficients: { kind: "floats", required: true },
    intercepts: floats,
    post_transform: { ...text, default: "NONE" },
    multi_class: { kind: "int" },
    classlabels_ints: { kind: "ints", default: [] },
    classlabels_strings: { kind: "strings", default: [] },
  },
  emit: ({ g, inputs: [x], attributes }) => {
    const { coefficients, intercepts, post_transform: after } = attributes;
    const features = known(x!.shape.at(-1), "the number of features");
    const classes = coefficients.length / features;
    if (!Number.isInteger(classes) || classes < 1 || ![0, classes].includes(intercepts.length)) {
      throw new Unsupported(`has ${coefficients.length} coefficients for ${features} features`);
    }
    const labels = Math.max(attributes.classlabels_ints.length, attributes.classlabels_strings.length);
    if (labels !== classes) throw new Unsupported(`has ${classes} scores for ${labels} classes`);
    const bias = row(g, intercepts.length === 0 ? Array<number>(classes).fill(0) : intercepts);
    const weight = g.constant(float32([classes, features], coefficients));
    const scores = g.op("Gemm", [x, weight, bias], { transB: 1 });
    const best = g.op("ArgMax", [scores], { axis: 1, keepdims: 0 });
    switch (after) {
      case "NONE":
        return [best, scores];
      case "SOFTMAX":
        return [best, g.op("Softmax", [scores], { axis: -1 })];
      case "LOGISTIC":
        return [best, g.op("Sigmoid", [scores])];
      default:
        throw new Unsupported(`its post_transform "${after.slice(0, 40)}" is not supported`);
    }
  },
});

/** Columns of the last axis. */
const arrayFeatureExtractor = raise({
  attributes: {},
  emit: ({ g, inputs: [x, places] }) => {
    const list = g.op("Reshape", [places, g.ints([-1])]);
    const found = g.op("Gather", [x, list], { axis: -1 });
    return [x!.shape.length === 1 ? g.op("Unsqueeze", [found, g.ints([0])]) : found];
  },
});

export const ML: Readonly<Record<string, Raise>> = {
  "ai.onnx.ml.Scaler": scaler,
  "ai.onnx.ml.Normalizer": normalizer,
  "ai.onnx.ml.LinearClassifier": linearClassifier,
  "ai.onnx.ml.ArrayFeatureExtractor": arrayFeatureExtractor,
};
