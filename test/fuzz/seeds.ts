import { codeOfDType, writeModel, type Model } from "../../src/onnx/index.js";
import { float32, int64, tensor } from "../../src/tensor/index.js";
import { int, ints, modelOf, real, text, vector } from "../model.js";
import { MODERN_SEEDS } from "./modern-seeds.js";
import { node, weights } from "./write.js";

const window = { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) };

const convolutions = modelOf(
  [
    node("Conv x, w -> c", { ...window, dilations: ints(1, 1), group: int(1), auto_pad: text("NOTSET") }),
    node("BatchNormalization c, s, b, m, v -> n", { epsilon: real(1e-5) }),
    node("Relu n -> r"),
    node("MaxPool r -> p", { ...window, ceil_mode: int(1) }),
    node("ConvTranspose p, wt -> t", { strides: ints(2, 2), output_padding: ints(1, 1) }),
    node("AveragePool t -> a", { kernel_shape: ints(2, 2), count_include_pad: int(1) }),
    node("GlobalAveragePool a -> g"),
    node("Flatten g -> f", { axis: int(1) }),
    node("Gemm f, k, kb -> z", { transB: int(1), alpha: real(1), beta: real(1) }),
    node("Softmax z -> y", { axis: int(-1) }),
  ],
  {
    w: weights(4, 3, 3, 3),
    s: weights(4),
    b: weights(4),
    m: weights(4),
    v: float32([4], [1, 1, 1, 1]),
    wt: weights(4, 2, 2, 2),
    k: weights(5, 2),
    kb: weights(5),
  },
);

const shapes = modelOf(
  [
    node("Pad x, pads, zero -> p", { mode: text("constant") }),
    node("Slice p, st, en, ax, sp -> s"),
    node("Split s, sizes -> s0, s1", { axis: int(1) }),
    node("Concat s0, s1 -> c", { axis: int(1) }),
    node("Transpose c -> t", { perm: ints(0, 2, 3, 1) }),
    node("Shape x -> sh"),
    node("Gather sh, i0 -> n", { axis: int(0) }),
    node("Unsqueeze n, a0 -> nu"),
    node("Concat nu, rest -> target", { axis: int(0) }),
    node("Reshape t, target -> f"),
    node("Mul two, two -> four"),
    node("Div four, two -> half"),
    node("ConstantOfShape half -> k", { value: { kind: "tensor", value: float32([1], [1]) } }),
    node("ReduceSum k, a0 -> ks", { keepdims: int(0) }),
    node("Cast ks -> kc", { to: int(codeOfDType("float32")) }),
    node("Expand kc, half -> ke"),
    node("Where co, f, zero -> w"),
    node("MatMul w, ew -> e"),
    node("Add e, ke -> y"),
  ],
  {
    pads: vector(0, 0, 1, 1, 0, 0, 1, 1),
    zero: float32([], [0]),
    st: vector(0, 0),
    en: vector(4, 4),
    ax: vector(2, 3),
    sp: vector(1, 1),
    sizes: vector(1, 2),
    i0: int64([], [0]),
    a0: vector(0),
    rest: vector(-1),
    two: vector(2),
    co: tensor(
      "bool",
      [1, 48],
      Uint8Array.from({ length: 48 }, (_, i) => i % 2),
    ),
    ew: weights(48, 2),
  },
);

const attention = modelOf(
  [
    node("Reshape x, rows -> r"),
    node("ReduceMean r -> m", { axes: ints(-1), keepdims: int(1) }),
    node("Sub r, m -> d"),
    node("Pow d, two -> q"),
    node("ReduceMean q -> v", { axes: ints(-1), keepdims: int(1) }),
    node("Sqrt v -> sd"),
    node("Div d, sd -> n"),
    node("Transpose n -> nt", { perm: ints(0, 2, 1) }),
    node("MatMul n, nt -> a"),
    node("Softmax a -> as", { axis: int(2) }),
    node("MatMul as, n -> o"),
    node("Gather o, i0 -> g", { axis: int(1) }),
    node("Clip g, lo, hi -> cl"),
    node("Sigmoid cl -> sg"),
    node("ReduceMax o -> rm", { axes: ints(1), keepdims: int(0) }),
    node("Max sg, rm -> mx"),
    node("Greater mx, lo -> gt"),
    node("Cast gt -> gc", { to: int(1) }),
    node("Sum mx, gc -> su"),
    node("Gemm su, k -> y"),
  ],
  {
    rows: vector(0, 3, 64),
    two: float32([], [2]),
    i0: int64([], [1]),
    lo: float32([], [-1]),
    hi: float32([], [1]),
    k: weights(64, 3),
  },
);

const older = modelOf(
  [
    node("Pad x -> p", { pads: ints(0, 0, 1, 1, 0, 0, 1, 1), mode: text("constant"), value: real(0) }),
    node("Clip p -> c", { min: real(-1), max: real(1) }),
    node("Slice c -> s", { starts: ints(0), ends: ints(4), axes: ints(2) }),
    node("Split s -> s0, s1", { axis: int(2), split: ints(2, 2) }),
    node("LeakyRelu s0 -> l", { alpha: real(0.1) }),
    node("Mean l, s1 -> me"),
    node("GlobalMaxPool me -> g"),
    node("Squeeze g -> q", { axes: ints(2, 3) }),
    node("Unsqueeze q -> u", { axes: ints(1) }),
    node("Softmax u -> f", { axis: int(1) }),
    node("Squeeze f -> d", { axes: ints(1) }),
    node("Dropout d -> y", { ratio: real(0.5) }),
  ],
  {},
  { opset: 9 },
);

const halves = modelOf(
  [
    node("Cast x -> h", { to: int(codeOfDType("float16")) }),
    node("Mul h, s -> m"),
    node("Cast m -> c", { to: int(1) }),
    node("GlobalAveragePool c -> g"),
    node("Flatten g -> y"),
  ],
  { s: tensor("float16", [1], Uint16Array.of(0x4000)) },
);

const sizes = modelOf(
  [
    node("Shape x -> s"),
    node("Slice s, two, four -> hw"),
    node("Cast hw -> real", { to: int(1) }),
    node("Mul real, scale -> scaled"),
    node("Floor scaled -> floored"),
    node("Ceil floored -> rounded"),
    node("Cast rounded -> size", { to: int(7) }),
    node("Slice x, zeros, size, axes -> cropped"),
    node("ReduceProd four -> all", { keepdims: int(0) }),
    node("Mod all, four -> rest", { fmod: int(0) }),
    node("Size two -> one"),
    node("Range zero, three, one -> positions"),
    node("Gather cropped, positions -> h", { axis: int(1) }),
    node("GlobalAveragePool h -> g"),
    node("Flatten g -> y"),
  ],
  {
    two: vector(2),
    four: vector(4),
    scale: float32([2], [0.7, 0.5]),
    zeros: vector(0, 0),
    axes: vector(2, 3),
    zero: int64([], [0]),
    three: int64([], [3]),
  },
);

/** Small models that between them have most ops, attributes and fields: what a fuzz test begins with. */
export const SEEDS: Readonly<Record<string, Model>> = {
  convolutions,
  shapes,
  attention,
  older,
  halves,
  sizes,
  ...MODERN_SEEDS,
};
export const SEED_BYTES: readonly Uint8Array[] = Object.values(SEEDS).map((model) => writeModel(model));
