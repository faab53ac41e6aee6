import type { Attribute, Model, ModelGraph, ModelNode } from "../../src/onnx/index.js";
import { float32, int64, tensor, type Tensor } from "../../src/tensor/index.js";
import { int, ints, modelOf, real, text, vector } from "../model.js";
import { node, weights } from "./write.js";

const transformer = modelOf(
  [
    node("Reshape x, rows -> r"),
    node("Transpose r -> t", { perm: ints(0, 2, 1) }),
    node("MatMul t, embed -> e"),
    node("LayerNormalization e, s, b -> n", { axis: int(-1), epsilon: real(1e-5), stash_type: int(1) }),
    node("Einsum n, mix -> q", { equation: text("nlc,cd->nld") }),
    node("Gelu q -> u", { approximate: text("tanh") }),
    node("Split u, halves -> u0, u1", { axis: int(2) }),
    node("Erf u1 -> f"),
    node("Mul u0, f -> v"),
    node("Shape x -> shape", { start: int(0), end: int(1) }),
    node("Concat shape, tail -> whole", { axis: int(0) }),
    node("Expand token, whole -> tokens"),
    node("Concat tokens, v -> c", { axis: int(1) }),
    node("GroupNormalization c, gs, gb -> g", { num_groups: int(5), epsilon: real(1e-5) }),
    node("Gather g, first -> y", { axis: int(1) }),
  ],
  {
    rows: vector(0, 3, 64),
    embed: weights(3, 8),
    s: weights(8),
    b: weights(8),
    mix: weights(8, 8),
    halves: vector(4, 4),
    tail: vector(1, 4),
    token: weights(1, 1, 4),
    gs: weights(65),
    gb: weights(65),
    first: int64([], [0]),
  },
  { opset: 21 },
);

const graph = (
  nodes: readonly ModelNode[],
  outputs: readonly string[],
  more: Partial<ModelGraph> = {},
): Attribute => ({
  kind: "graph",
  value: {
    name: "body",
    nodes,
    inputs: [],
    outputs: outputs.map((name) => ({
      name,
      dtype: name === "still" ? "bool" : "float32",
      shape: undefined,
    })),
    valueInfo: [],
    initializers: new Map(),
    ...more,
  },
});

const control: Model = {
  ...modelOf(
    [
      node("If yes -> h", {
        then_branch: graph([node("Mul x, two -> r")], ["r"], {
          initializers: new Map([["two", float32([], [2])]]),
        }),
        else_branch: graph([node("Neg x -> r")], ["r"]),
      }),
      node("Loop trips, yes, h -> l, means", {
        body: graph(
          [
            node("Identity on -> still"),
            node("Tanh state -> next"),
            node("ReduceMean next -> m", { keepdims: int(0) }),
          ],
          ["still", "next", "m"],
          {
            inputs: [
              { name: "i", dtype: "int64", shape: [] },
              { name: "on", dtype: "bool", shape: [] },
              { name: "state", dtype: "float32", shape: undefined },
            ],
          },
        ),
      }),
      { ...node("Scale l -> k", { by: real(0.5) }), domain: "own" },
      node("GlobalAveragePool k -> g"),
      node("Flatten g -> f"),
      node("ReduceSum means -> total", { keepdims: int(0) }),
      node("Add f, total -> y"),
    ],
    { yes: tensor("bool", [], Uint8Array.of(1)), trips: int64([], [3]) },
  ),
  opsets: new Map([
    ["", 17],
    ["own", 1],
  ]),
  functions: [
    {
      name: "Scale",
      domain: "own",
      inputs: ["a"],
      outputs: ["b"],
      attributes: ["by"],
      defaults: new Map(),
      nodes: [node("Elu a -> b", { alpha: { kind: "reference", value: "by" } })],
      opsets: new Map([["", 17]]),
    },
  ],
};

const int8 = (...shape: number[]): Tensor =>
  tensor(
    "int8",
    shape,
    Int8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 37) % 200),
  );

const quantised: Model = {
  ...modelOf(
    [
      node("QuantizeLinear x, s, z -> q", { axis: int(1) }),
      node("QLinearConv q, s, z, w, ws, wz, s, z, wb -> c", { pads: ints(1, 1, 1, 1), strides: ints(2, 2) }),
      node("DequantizeLinear c, s, z -> d"),
      { ...node("FusedConv d, k, kb -> f", { activation: text("Relu") }), domain: "com.microsoft" },
      node("GlobalAveragePool f -> g"),
      node("Flatten g -> e"),
      { ...node("QuickGelu e -> y", { alpha: real(1.7) }), domain: "com.microsoft" },
    ],
    {
      s: float32([], [0.02]),
      z: tensor("uint8", [], Uint8Array.of(128)),
      w: int8(4, 3, 3, 3),
      ws: float32([4], [0.01, 0.02, 0.01, 0.03]),
      wz: tensor("int8", [4], new Int8Array(4)),
      wb: tensor("int32", [4], Int32Array.of(1, 2, 3, 4)),
      k: weights(5, 4, 1, 1),
      kb: weights(5),
    },
  ),
  opsets: new Map([
    ["", 17],
    ["com.microsoft", 1],
  ]),
};

const recurrent = modelOf(
  [
    node("Reshape x, rows -> r"),
    node("Transpose r -> t", { perm: ints(1, 0, 2) }),
    node("LSTM t, w, u, b -> all, last", { hidden_size: int(3), direction: text("bidirectional") }),
    node("GRU t, gw, gu -> -, h", { hidden_size: int(6), linear_before_reset: int(1) }),
    node("Transpose last -> l", { perm: ints(1, 0, 2) }),
    node("Reshape l, flat -> lf"),
    node("Squeeze h, zero -> hs"),
    node("Add lf, hs -> y"),
  ],
  {
    rows: vector(0, 3, 64),
    w: weights(2, 12, 64),
    u: weights(2, 12, 3),
    b: weights(2, 24),
    gw: weights(1, 18, 64),
    gu: weights(1, 18, 6),
    flat: vector(0, 6),
    zero: vector(0),
  },
);

const reals = (...value: number[]): Attribute => ({ kind: "floats", value });

const packed: Model = {
  ...modelOf(
    [
      node("Reshape x, rows -> r"),
      {
        ...node("MatMulNBits r, q, qs, qz -> m", {
          K: int(64),
          N: int(8),
          bits: int(4),
          block_size: int(32),
        }),
        domain: "com.microsoft",
      },
      node("Flatten m -> l"),
      node("DequantizeLinear w, ws, wz -> d", { axis: int(0), block_size: int(4) }),
      node("MatMul l, d -> e"),
      node("CastLike e, x -> c"),
      node("Unsqueeze c, last -> u"),
      node("DFT u, five, one -> f", { onesided: int(1) }),
      node("ReduceSum f, last -> s", { keepdims: int(0) }),
      node("STFT s, one, -, two -> t", { onesided: int(0) }),
      node("Reshape t, flat -> v"),
      { ...node("Scaler v -> n", { offset: reals(0.5), scale: reals(2) }), domain: "ai.onnx.ml" },
      {
        ...node("LinearClassifier n -> best, y", {
          coefficients: reals(...Array.from({ length: 16 }, (_, i) => Math.sin(i))),
          intercepts: reals(1, 2),
          classlabels_ints: ints(0, 1),
        }),
        domain: "ai.onnx.ml",
      },
    ],
    {
      rows: vector(0, 3, 64),
      q: tensor(
        "uint8",
        [8, 2, 16],
        Uint8Array.from({ length: 256 }, (_, i) => 7 * i),
      ),
      qs: weights(16),
      qz: tensor("uint8", [8], new Uint8Array(8).fill(0x88)),
      w: tensor(
        "int4",
        [24, 5],
        Int8Array.from({ length: 120 }, (_, i) => (i % 16) - 8),
      ),
      ws: weights(6, 5),
      wz: tensor("int4", [6, 5], new Int8Array(30)),
      last: vector(-1),
      one: int64([], [1]),
      two: int64([], [2]),
      five: int64([], [5]),
      flat: vector(0, 8),
    },
    { opset: 21 },
  ),
  opsets: new Map([
    ["", 21],
    ["com.microsoft", 1],
    ["ai.onnx.ml", 3],
  ]),
};

/** Opset 6: broadcast along an axis, and attributes for in-place computation. */
const first = modelOf(
  [
    node("Conv x, w -> c", { kernel_shape: ints(3, 3) }),
    node("Add c, b -> a", { broadcast: int(1), axis: int(1) }),
    node("PRelu a, s -> p"),
    node("Dropout p -> d, mask", { is_test: int(1) }),
    node("GlobalAveragePool d -> g"),
    node("Flatten g -> y"),
  ],
  { w: weights(4, 3, 3, 3), b: weights(4), s: weights(4) },
  { opset: 6 },
);

/** What today's exporters write: transformers, control flow and functions, quantised and recurrent networks. */
export const MODERN_SEEDS: Readonly<Record<string, Model>> = {
  transformer,
  control,
  quantised,
  recurrent,
  packed,
  first,
};
