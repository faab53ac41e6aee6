import { zeroGradientNodes } from "../autodiff/index.js";
import { describe, expect, test } from "vitest";
import { SEEDS } from "../../test/fuzz/seeds.js";
import { big, int, ints, modelOf, node, vector } from "../../test/model.js";
import { logits, pooled, refusal, withHead } from "../../test/small-models.js";
import { float32, int64, tensor } from "../tensor/index.js";
import { classifierFromModel } from "./index.js";

describe("models from real exporters", () => {
  const plain = withHead([node("Relu", ["x"], "h")]);

  test.each(["float16", "bfloat16"] as const)("%s inside, computed in float32", async (dtype) => {
    const to = int(dtype === "float16" ? 10 : 16);
    const two = tensor(dtype, [], Uint16Array.of(0x4000));
    const model = withHead(
      [
        node("Cast", ["x"], "c", { to }),
        node("Mul", ["c", "two"], "m"),
        node("Constant", [], "k", { value: { kind: "tensor", value: two } }),
        node("Div", ["m", "k"], "d"),
        node("Cast", ["d"], "h", { to: int(1) }),
      ],
      { two },
    );
    const notices: string[] = [];
    const found = await logits(model, { onNotice: (text) => notices.push(text) });
    expect(found).toEqual(await logits(plain));
    expect(notices).toEqual([expect.stringMatching(/float16 tensors are computed in float32/)]);
  });

  test("float16 images and logits become float32", async () => {
    const half = { ...plain.graph.inputs[0]!, dtype: "float16" as const };
    const [y] = plain.graph.outputs;
    const graph = { ...plain.graph, inputs: [half], outputs: [{ ...y!, dtype: "float16" as const }] };
    expect(await logits({ ...plain, graph })).toEqual(await logits(plain));
  });

  test("options give open height, width and channels", async () => {
    const open = {
      ...plain,
      graph: { ...plain.graph, inputs: [{ ...plain.graph.inputs[0]!, shape: ["N", "", "h", ""] }] },
    };
    expect(refusal(open)).toMatch(/its size is open[^]*--size[^]*--channels/);
    expect(await logits(open, { size: [8, 8], channels: 3 })).toEqual(await logits(plain));
    const last = {
      ...open,
      graph: { ...open.graph, inputs: [{ ...open.graph.inputs[0]!, shape: ["N", "h", "w", "c"] }] },
    };
    const { channels, height, width } = classifierFromModel(last, "m", {
      size: [6, 5],
      channels: 4,
      layout: "NHWC",
    });
    expect([channels, height, width]).toEqual([4, 6, 5]);
  });

  test("an open batch that the graph computes shapes with is fixed, with a note", async () => {
    // A token for each image: [N, 1, 8, 8] of a constant, as vision transformers expand theirs.
    const model = modelOf(
      [
        node("Shape", ["x"], "s"),
        node("Gather", ["s", "zero"], "n", { axis: int(0) }),
        node("Add", ["n", "two"], "n2"),
        node("Sub", ["n2", "two"], "n1"),
        node("Unsqueeze", ["n1", "axis"], "u"),
        node("Concat", ["u", "rest"], "target", { axis: int(0) }),
        node("Expand", ["token", "target"], "t"),
        node("Add", ["x", "t"], "c"),
        node("Relu", ["c"], "h"),
        ...pooled("h"),
      ],
      {
        zero: int64([], [0]),
        two: int64([], [2]),
        axis: vector(0),
        rest: vector(3, 8, 8),
        token: float32([1, 3, 8, 8], Array(192).fill(0)),
      },
    );
    const notices: string[] = [];
    expect(await logits(model, { onNotice: (text) => notices.push(text) })).toEqual(await logits(plain));
    expect(notices).toEqual([expect.stringMatching(/with the batch size; batches of 8 are used/)]);
  });

  test("an open batch that works for one image only runs images one at a time", async () => {
    const model = modelOf(
      [
        node("GlobalAveragePool", ["x"], "p"),
        node("Reshape", ["p", "one"], "f"),
        node("Gemm", ["f", "k"], "y"),
      ],
      { one: vector(1, -1), k: float32([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]) },
    );
    const notices: string[] = [];
    await logits(model, { onNotice: (text) => notices.push(text) });
    expect(notices).toEqual([expect.stringMatching(/batches of 1 are used/)]);
  });

  test("pads computed in the graph by the older exporter", async () => {
    // F.pad(x, (1, 1, 2, 2)): the pads, zeros for the other axes, reversed in pairs, transposed, flat.
    const model = modelOf(
      [
        node("Constant", [], "given", { value: { kind: "tensor", value: vector(1, 1, 2, 2) } }),
        node("ConstantOfShape", ["missing"], "zeros", { value: { kind: "tensor", value: vector(0) } }),
        node("Concat", ["given", "zeros"], "all", { axis: int(0) }),
        node("Reshape", ["all", "pairs"], "rows"),
        node("Slice", ["rows", "minusOne", "lowest", "zero", "minusOne"], "reversed"),
        node("Transpose", ["reversed"], "turned", { perm: ints(1, 0) }),
        node("Reshape", ["turned", "minusOne"], "flat"),
        node("Cast", ["flat"], "pads", { to: int(7) }),
        node("Pad", ["x", "pads"], "h"),
        ...pooled("h"),
      ],
      {
        missing: vector(4),
        pairs: vector(-1, 2),
        minusOne: vector(-1),
        lowest: big(-(2n ** 63n) + 1n),
        zero: vector(0),
      },
    );
    const direct = modelOf([node("Pad", ["x", "pads"], "h"), ...pooled("h")], {
      pads: vector(0, 0, 2, 1, 0, 0, 2, 1),
    });
    expect(refusal(model)).toBe("read");
    expect(await logits(model)).toEqual(await logits(direct));
  });

  test("sizes computed in floats and rounded, and positions", async () => {
    const direct = modelOf([node("Slice", ["x", "zeros", "size", "axes"], "h"), ...pooled("h")], {
      zeros: vector(0, 0),
      size: vector(5, 4),
      axes: vector(2, 3),
    });
    expect(await logits(SEEDS["sizes"]!)).toEqual(await logits(direct));
  });

  test.each(["Round", "Floor", "Ceil"])("%s of the image itself", async (op) => {
    const model = withHead([node("Mul", ["x", "k"], "m"), node(op, ["m"], "h")], { k: float32([], [3]) });
    const values = Array.from({ length: 64 }, (_, i) => 3 * Math.fround((i % 7) / 7));
    const rounded = { Round: Math.round, Floor: Math.floor, Ceil: Math.ceil }[op]!;
    const mean = values.map((value) => rounded(Math.fround(value))).reduce((a, b) => a + b, 0) / 64;
    expect((await logits(model))[0]).toBeCloseTo(mean, 5);
  });

  test("a quantised model is read, and a note says how its rounding is differentiated", async () => {
    const model = withHead(
      [node("QuantizeLinear", ["x", "s"], "q"), node("DequantizeLinear", ["q", "s"], "h")],
      {
        s: float32([], [0.25]),
      },
    );
    const notices: string[] = [];
    expect((await logits(model, { onNotice: (notice) => notices.push(notice) }))[0]).toBe(0.421875);
    expect(notices).toEqual([expect.stringMatching(/rounds in 1 place[^]*straight through/)]);
  });

  test("rounding is differentiated straight through on request, with the same outputs", async () => {
    const model = withHead([
      node("Round", ["x"], "r"),
      node("Sign", ["r"], "s"),
      node("Add", ["r", "s"], "h"),
    ]);
    const notices: string[] = [];
    const options = { straightThrough: true, onNotice: (notice: string) => notices.push(notice) };
    expect(await logits(model, options)).toEqual(await logits(model));
    expect(notices).toEqual([expect.stringMatching(/rounds in 2 places[^]*straight through/)]);
    const graphs = [{}, options].map((each) => classifierFromModel(model, "m.onnx", each));
    const stops = graphs.map(({ graph, image, logits: to }) => zeroGradientNodes(graph, image, to).length);
    expect(stops).toEqual([1, 0]);
  });

  test("an unsupported quantised op is reported as quantised", () => {
    const model = withHead([{ ...node("QLinearWonder", ["x"], "h"), domain: "com.microsoft" }]);
    expect(refusal(model)).toMatch(/\(com\.microsoft\.QLinearWonder\)[^]*quantisation[^]*float32 model/);
  });
});
