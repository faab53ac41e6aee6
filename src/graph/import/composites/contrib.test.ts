import { describe, expect, test } from "vitest";
import { int, ints, modelOf, node, real, text, vector } from "../../../../test/model.js";
import { expectAsOriginal } from "../../../../test/original.js";
import { appendGradients, zeroGradientNodes } from "../../../autodiff/index.js";
import type { Attribute, Model, ModelNode } from "../../../onnx/index.js";
import { createGenerator, float32, int64, tensor, type Tensor } from "../../../tensor/index.js";
import { bind, GraphBuilder, graphFromModel } from "../../index.js";

const draw = (shape: readonly number[], name: string): Tensor => {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  return tensor("float32", shape, createGenerator(1).stream(name).fillUniform(data, -1, 1));
};
/**
 * Seven bits if signed: on x86 without VNNI, a sum of two 8-bit products overflows ONNX Runtime's 16 bits.
 */
const bytes = (shape: readonly number[], name: string, signed = true): Tensor => {
  const { data } = draw(shape, name);
  return signed
    ? tensor(
        "int8",
        shape,
        Int8Array.from(data as Float32Array, (x) => Math.max(-64, Math.min(64, 100 * x))),
      )
    : tensor(
        "uint8",
        shape,
        Uint8Array.from(data as Float32Array, (x) => 128 + 100 * x),
      );
};
const int8 = (...values: number[]): Tensor =>
  tensor("int8", values.length === 1 ? [] : [values.length], Int8Array.from(values));
const uint8 = (value: number): Tensor => tensor("uint8", [], Uint8Array.of(value));
const scalar = (value: number): Tensor => float32([], [value]);

const contrib = (
  opType: string,
  inputs: readonly string[],
  outputs: string | readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): ModelNode => ({ ...node(opType, inputs, outputs, attributes), domain: "com.microsoft" });

const model = (
  nodes: readonly ModelNode[],
  constants: Readonly<Record<string, Tensor>> = {},
  batch: number | string = "N",
): Model => ({
  ...modelOf(nodes, constants, { input: { shape: [batch, 3, 8, 8] } }),
  opsets: new Map([
    ["", 17],
    ["com.microsoft", 1],
  ]),
});

const tokens: readonly ModelNode[] = [
  node("Reshape", ["x", "three"], "maps"),
  node("Transpose", ["maps"], "t", { perm: ints(0, 2, 1) }),
  node("MatMul", ["t", "embed"], "h"),
];
const width = { three: vector(0, 3, 64), embed: draw([3, 8], "embed") };

describe("ops fused by ONNX Runtime's optimiser match ONNX Runtime", () => {
  const weight = { w: draw([4, 3, 3, 3], "w"), b: draw([4], "b") };
  test.each<[string, readonly ModelNode[], Readonly<Record<string, Tensor>>]>([
    ["FusedConv", [contrib("FusedConv", ["x", "w", "b"], "y", { activation: text("Relu") })], weight],
    [
      "FusedConv with a sum and parameters",
      [
        node("Conv", ["x", "w2"], "other"),
        contrib("FusedConv", ["x", "w", "b", "other"], "y", {
          activation: text("Relu"),
          strides: ints(1, 1),
        }),
      ],
      { ...weight, w2: draw([4, 3, 3, 3], "w2") },
    ],
    [
      "FusedConv, LeakyRelu",
      [
        contrib("FusedConv", ["x", "w", "b"], "y", {
          activation: text("LeakyRelu"),
          activation_params: { kind: "floats", value: [0.2] },
          pads: ints(1, 1, 1, 1),
        }),
      ],
      weight,
    ],
    [
      "FusedGemm",
      [
        node("Flatten", ["x"], "f"),
        contrib("FusedGemm", ["f", "w", "b"], "y", {
          transB: int(1),
          alpha: real(0.5),
          activation: text("Relu"),
        }),
      ],
      { w: draw([5, 192], "w"), b: draw([5], "b") },
    ],
    [
      "FusedMatMul",
      [...tokens, contrib("FusedMatMul", ["h", "h"], "y", { transB: int(1), alpha: real(0.25) })],
      width,
    ],
    ["Gelu", [contrib("Gelu", ["x"], "y")], {}],
    ["BiasGelu", [...tokens, contrib("BiasGelu", ["h", "b"], "y")], { ...width, b: draw([8], "b") }],
    ["FastGelu", [...tokens, contrib("FastGelu", ["h", "b"], "y")], { ...width, b: draw([8], "b") }],
    ["QuickGelu", [contrib("QuickGelu", ["x"], "y")], {}],
    [
      "SkipLayerNormalization",
      [
        ...tokens,
        node("Relu", ["h"], "r"),
        contrib("SkipLayerNormalization", ["h", "r", "g", "b", "bias"], ["n", "", "", "s"], {
          epsilon: real(1e-5),
        }),
        node("Mul", ["n", "s"], "y"),
      ],
      { ...width, g: draw([8], "g"), b: draw([8], "b"), bias: draw([8], "bias") },
    ],
    [
      "SimplifiedLayerNormalization",
      [
        ...tokens,
        node("SimplifiedLayerNormalization", ["h", "g"], "y", { epsilon: real(1e-5), axis: int(-1) }),
      ],
      { ...width, g: draw([8], "g") },
    ],
    [
      "Attention",
      [...tokens, contrib("Attention", ["h", "w", "b"], "y", { num_heads: int(2) })],
      { ...width, w: draw([8, 24], "w"), b: draw([24], "b") },
    ],
    [
      "MultiHeadAttention",
      [
        ...tokens,
        node("Relu", ["h"], "k"),
        contrib("MultiHeadAttention", ["h", "k", "k", "b"], "y", { num_heads: int(4), scale: real(0.3) }),
      ],
      { ...width, b: draw([24], "b") },
    ],
  ])("%s", async (_, nodes, constants) => {
    await expectAsOriginal(model(nodes, constants), [2, 3, 8, 8], 2e-6);
  });
});

describe("quantised ops match ONNX Runtime's integers", () => {
  const scale = { s: scalar(0.01), z: uint8(120), out: scalar(0.05), oz: uint8(100) };
  const quantised = node("QuantizeLinear", ["x", "s", "z"], "q");
  const end = node("DequantizeLinear", ["r", "out", "oz"], "y");
  const weight = {
    w: bytes([4, 3, 3, 3], "w"),
    ws: float32([4], [0.01, 0.02, 0.015, 0.01]),
    wz: int8(0, 0, 0, 0),
    b: tensor("int32", [4], Int32Array.of(100, -300, 5, 0)),
  };
  test.each<[string, readonly ModelNode[], Readonly<Record<string, Tensor>>]>([
    [
      "a pair of QuantizeLinear and DequantizeLinear",
      [quantised, node("DequantizeLinear", ["q", "s", "z"], "y")],
      scale,
    ],
    [
      "a weight dequantised by channel",
      [node("DequantizeLinear", ["w", "ws", "wz"], "dw", { axis: int(0) }), node("Conv", ["x", "dw"], "y")],
      weight,
    ],
    [
      "QLinearConv, padded",
      [
        quantised,
        node("QLinearConv", ["q", "s", "z", "w", "ws", "wz", "out", "oz", "b"], "r", {
          pads: ints(1, 1, 1, 1),
        }),
        end,
      ],
      { ...scale, ...weight },
    ],
    [
      "QLinearMatMul",
      [quantised, node("QLinearMatMul", ["q", "s", "z", "m", "ws", "mz", "out", "oz"], "r"), end],
      { ...scale, m: bytes([8, 5], "m"), ws: scalar(0.02), mz: int8(3) },
    ],
    [
      "ConvInteger",
      [quantised, node("ConvInteger", ["q", "w", "z"], "i"), node("Cast", ["i"], "y", { to: int(1) })],
      { ...scale, w: bytes([4, 3, 3, 3], "w", false) },
    ],
    [
      "QLinearAdd and QLinearGlobalAveragePool",
      [
        quantised,
        contrib("QLinearAdd", ["q", "s", "z", "q", "s", "z", "out", "oz"], "a"),
        contrib("QLinearGlobalAveragePool", ["a", "out", "oz", "out", "oz"], "r"),
        end,
      ],
      scale,
    ],
    [
      "a quantised map that is padded with its zero point",
      [quantised, node("Pad", ["q", "pads", "z"], "p"), node("DequantizeLinear", ["p", "s", "z"], "y")],
      { ...scale, pads: vector(0, 0, 1, 1, 0, 0, 1, 1) },
    ],
    [
      "QGemm",
      [
        node("Flatten", ["x"], "f"),
        node("QuantizeLinear", ["f", "s", "z"], "q"),
        contrib("QGemm", ["q", "s", "z", "m", "ws", "mz", "b", "out", "oz"], "r", { transB: int(1) }),
        end,
      ],
      {
        ...scale,
        m: bytes([5, 192], "m"),
        ws: scalar(0.002),
        mz: int8(0),
        b: tensor("int32", [5], Int32Array.of(1, 2, 3, 4, 5)),
      },
    ],
  ])("%s", async (_, nodes, constants) => {
    await expectAsOriginal(model(nodes, constants), [2, 3, 8, 8], 1e-6);
  });

  test("dynamic quantisation works for one image at a time", async () => {
    const nodes = [
      node("DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"]),
      node("ConvInteger", ["q", "w", "qz"], "i"),
      node("Cast", ["i"], "f", { to: int(1) }),
      node("Mul", ["qs", "ws"], "both"),
      node("Mul", ["f", "both"], "y"),
    ];
    const constants = { w: bytes([4, 3, 3, 3], "w"), ws: scalar(0.02) };
    await expectAsOriginal(model(nodes, constants, 1), [1, 3, 8, 8], 1e-6);
    expect(() => graphFromModel(model(nodes, constants), { place: "m" })).toThrow(/on the whole batch/);
  });

  test("gradients pass through rounding and stop where values are clipped", () => {
    const graph = bind(
      graphFromModel(model([quantised, node("DequantizeLinear", ["q", "s", "z"], "y")], scale), {
        place: "m",
      }),
      { N: 1 },
    );
    expect(zeroGradientNodes(graph, "x", "y")).toEqual([]);
    const g = GraphBuilder.from(graph);
    const total = g.op("ReduceSum", [g.value("y")], { keepdims: 0 });
    const [gradient] = appendGradients(g, { of: total, withRespectTo: [g.value("x")] });
    // The gradient passes through Div, the clip's mask and Mul; it is not zero.
    expect(g.producer(gradient!)?.op).toBe("Div");
    expect(graph.nodes.filter(({ straightThrough }) => straightThrough === true).map(({ op }) => op)).toEqual(
      ["Round"],
    );
  });
});

test("an integer constant used as a shape is not treated as quantised", () => {
  const nodes = [node("Cast", ["k"], "f", { to: int(1) }), node("Add", ["x", "f"], "y")];
  expect(
    graphFromModel(model(nodes, { k: int64([], [3]) }), { place: "m" }).nodes.map(({ op }) => op),
  ).toContain("Add");
});
