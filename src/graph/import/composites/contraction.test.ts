import { describe, expect, test } from "vitest";
import { int, modelOf, node, real } from "../../../../test/model.js";
import { nodeCases, readCase, testNodeCases } from "../../../../test/onnx-nodes.js";
import { refusal } from "../../../../test/small-models.js";
import type { Model } from "../../../onnx/index.js";
import { float32, int64, tensor } from "../../../tensor/index.js";
import { graphFromModel } from "../import.js";

const cases = nodeCases("contraction");
const named = (stem: string): string[] => [...cases.keys()].filter((name) => name.startsWith(stem));
/** Classifiers have no external caches. */
const FILLED = /nonpad|ext_cache|padded_kv/;
const attention = named("attention_").filter((name) => !FILLED.test(name));

/** The batch can be open if no constant has its size. */
const isFree = (name: string): boolean =>
  cases
    .get(name)!
    .inputs.slice(3)
    .every(({ shape }) => shape.length < 3 || shape[0] === 1);

describe("ONNX's node tests", () => {
  describe("Attention with a constant mask", () => {
    testNodeCases(cases, attention, (name) => ({
      constantsFrom: 3,
      ...(isFree(name) ? { batchAxis: 0 } : {}),
    }));
  });
  describe("Attention with a computed mask", () => {
    testNodeCases(cases, attention, () => ({ constantsFrom: 8 }));
  });
  describe("RotaryEmbedding", () => {
    testNodeCases(cases, named("rotary_embedding"));
  });
  describe("MatMul", () => {
    testNodeCases(cases, named("matmul_"), () => ({ constantsFrom: 2 }));
  });
  describe("Gemm", () => {
    testNodeCases(cases, named("gemm_"), () => ({ constantsFrom: 3 }));
  });
});

const ops = (name: string, constantsFrom: number): string[] =>
  readCase(cases.get(name)!, { constantsFrom }).nodes.map(({ op }) => op);

test("a known mask costs one addition; rows that see no key cost one more multiplication", () => {
  expect(ops("attention_4d_causal", 3)).toEqual(["Mul", "Transpose", "MatMul", "Add", "Softmax", "MatMul"]);
  expect(ops("attention_23_boolmask_fullymasked_row_nan_robustness", 3).slice(3)).toEqual([
    "Add",
    "Softmax",
    "Mul",
    "MatMul",
  ]);
});

/** A model with the input `x [N, 4, 8]`. */
const sequence = (
  nodes: Parameters<typeof modelOf>[0],
  constants: Parameters<typeof modelOf>[1] = {},
): Model => modelOf(nodes, constants, { opset: 23, input: { shape: ["N", 4, 8] } });

test("RotaryEmbedding with positions for one image keeps the batch open", () => {
  const model = sequence(
    [node("RotaryEmbedding", ["x", "cos", "sin", "places"], "y", { num_heads: int(2) })],
    {
      cos: tensor("float32", [6, 2], new Float32Array(12)),
      sin: tensor("float32", [6, 2], new Float32Array(12)),
      places: int64([1, 4], [0, 1, 2, 3]),
    },
  );
  expect(graphFromModel(model, { place: "m" }).values.get("y")!.shape).toEqual(["N", 4, 8]);
});

test("heads share keys and values when the batch is open", () => {
  const model = sequence(
    [
      node("Slice", ["x", "from", "to", "axis"], "k"),
      node("Attention", ["x", "k", "k"], "y", {
        q_num_heads: int(4),
        kv_num_heads: int(2),
        is_causal: int(1),
      }),
    ],
    { from: int64([1], [0]), to: int64([1], [4]), axis: int64([1], [2]) },
  );
  expect(graphFromModel(model, { place: "m" }).values.get("y")!.shape).toEqual(["N", 4, 8]);
});

test.each([
  ["flat heads without num_heads", node("Attention", ["x", "x", "x"], "y"), /needs the number of heads/],
  [
    "heads that cannot share evenly",
    node("Attention", ["x", "k", "k"], "y", { q_num_heads: int(4), kv_num_heads: int(3) }),
    /4 heads cannot share 3/,
  ],
  [
    "an external cache",
    node("Attention", ["x", "x", "x", "", "", "", "one"], "y", { q_num_heads: int(2), kv_num_heads: int(2) }),
    /nonpad_kv_seqlen is not supported/,
  ],
  [
    "more rotated elements than there are",
    node("RotaryEmbedding", ["x", "x", "x"], "y", { num_heads: int(2), rotary_embedding_dim: int(6) }),
    /rotates 6 of 4/,
  ],
  ["a rotation without angles", node("RotaryEmbedding", ["x"], "y", { num_heads: int(2) }), /needs cosines/],
  [
    "a Gemm of tensors that are not matrices",
    node("Gemm", ["one", "x"], "y", { alpha: real(2) }),
    /cannot be multiplied/,
  ],
])("refused: %s", (_, refused, words) => {
  const constants = { one: float32([1], [1]), k: tensor("float32", [1, 4, 6], new Float32Array(24)) };
  expect(refusal(sequence([refused], constants))).toMatch(words);
});
