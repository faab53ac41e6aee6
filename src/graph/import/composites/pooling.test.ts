import { describe, expect, test } from "vitest";
import { int, ints, modelOf, node, text } from "../../../../test/model.js";
import { expectAsOriginal, expectClose, runImported, runOriginal } from "../../../../test/original.js";
import { gradient } from "../../../autodiff/index.js";
import type { Attribute } from "../../../onnx/index.js";
import { compile } from "../../../runtime/index.js";
import { float32, int64 } from "../../../tensor/index.js";
import { bind, GraphBuilder, graphFromModel } from "../../index.js";

type Attributes = Readonly<Record<string, Attribute>>;

const WINDOWS: readonly (readonly [string, Attributes])[] = [
  ["strides and pads", { kernel_shape: ints(3, 2), strides: ints(2, 3), pads: ints(1, 0, 2, 1) }],
  ["SAME_UPPER", { kernel_shape: ints(3, 2), strides: ints(2, 2), auto_pad: text("SAME_UPPER") }],
  ["SAME_LOWER", { kernel_shape: ints(2, 3), strides: ints(3, 1), auto_pad: text("SAME_LOWER") }],
  [
    "VALID, ceil mode",
    { kernel_shape: ints(3, 3), strides: ints(2, 2), auto_pad: text("VALID"), ceil_mode: int(1) },
  ],
  ["ceil mode", { kernel_shape: ints(3, 3), strides: ints(2, 2), ceil_mode: int(1) }],
  [
    "ceil mode, a window dropped",
    { kernel_shape: ints(2, 3), strides: ints(2, 2), pads: ints(0, 1, 1, 0), ceil_mode: int(1) },
  ],
  [
    "ceil mode, a window dropped on one axis",
    { kernel_shape: ints(2, 3), strides: ints(2, 2), pads: ints(0, 0, 1, 0), ceil_mode: int(1) },
  ],
  [
    "ceil mode, a window larger than the image",
    { kernel_shape: ints(20, 20), strides: ints(20, 20), ceil_mode: int(1) },
  ],
  [
    "ceil mode, a padded window larger than the image on one axis",
    { kernel_shape: ints(3, 20), strides: ints(2, 20), pads: ints(1, 2, 0, 1), ceil_mode: int(1) },
  ],
  ["a window of the whole image", { kernel_shape: ints(8, 8), strides: ints(8, 8) }],
  ["dilations", { kernel_shape: ints(3, 2), dilations: ints(2, 3), pads: ints(1, 1, 0, 1) }],
  [
    "dilations, ceil mode",
    {
      kernel_shape: ints(2, 3),
      dilations: ints(3, 1),
      strides: ints(3, 2),
      pads: ints(0, 0, 1, 0),
      ceil_mode: int(1),
    },
  ],
];

const POOLS: readonly (readonly [string, Attributes])[] = [
  ["MaxPool", {}],
  ["AveragePool", {}],
  ["AveragePool", { count_include_pad: int(1) }],
  ["LpPool", {}],
  ["LpPool", { p: int(1) }],
  ["LpPool", { p: int(3) }],
];

describe.each(POOLS)("%s %o matches ONNX Runtime", (op, more) => {
  test.each(WINDOWS)("%s", async (_, attributes) => {
    await expectAsOriginal(
      modelOf([node(op, ["x"], "y", { ...attributes, ...more })], {}, { opset: 20 }),
      [2, 3, 8, 8],
    );
  });

  test.each([
    ["of sequences", [2, 3, 7], { kernel_shape: ints(3), strides: ints(2), pads: ints(1, 0) }],
    ["of volumes", [1, 2, 4, 3, 5], { kernel_shape: ints(2, 1, 3), auto_pad: text("SAME_UPPER") }],
  ] as const)("%s", async (_, shape, attributes) => {
    const model = modelOf(
      [node(op, ["x"], "y", { ...attributes, ...more })],
      {},
      { opset: 20, input: { shape } },
    );
    await expectAsOriginal(model, shape);
  });
});

test.each(["AveragePool", "MaxPool", "LpPool"])(
  "%s with a window of a thousand times the image keeps only what it reaches",
  (op) => {
    const wide = { kernel_shape: ints(8000, 8000), strides: ints(8000, 8000), ceil_mode: int(1) };
    const model = modelOf([node(op, ["x"], "y", wide)], {}, { opset: 20 });
    const { nodes } = bind(graphFromModel(model, { place: "m" }), { N: 2 });
    const kernels = nodes.map(({ attributes }) => (attributes as { kernel_shape?: number[] }).kernel_shape);
    expect(kernels.filter((kernel) => kernel !== undefined && kernel.join() !== "8,8")).toEqual([]);
  },
);

test.each([int(1), int(2), int(4)])("GlobalLpPool with p = %o", async (p) => {
  await expectAsOriginal(modelOf([node("GlobalLpPool", ["x"], "y", { p })]), [2, 3, 8, 8]);
});

/** The output for x [1, 1, 3] = 1, 2, −3. */
async function pooledRow(op: string, attributes: Attributes): Promise<number[]> {
  const model = modelOf([node(op, ["x"], "y", attributes)], {}, { input: { shape: ["N", 1, 3] } });
  const { y } = await runImported(model, { x: float32([1, 1, 3], [1, 2, -3]) });
  return [...(y!.data as Float32Array)];
}

describe("pads as wide as the kernel, which ONNX Runtime refuses", () => {
  const wide = { kernel_shape: ints(2), pads: ints(2, 1) };
  test("MaxPool", async () => {
    const [first, ...rest] = await pooledRow("MaxPool", wide);
    expect(first).toBeLessThan(-3e38);
    expect(rest).toEqual([1, 2, 2, -3]);
  });
  test("AveragePool", async () => {
    expect(await pooledRow("AveragePool", wide)).toEqual([0, 1, 1.5, -0.5, -3]);
    expect(await pooledRow("AveragePool", { ...wide, count_include_pad: int(1) })).toEqual([
      0, 0.5, 1.5, -0.5, -1.5,
    ]);
  });
  test("LpPool", async () => {
    expect(await pooledRow("LpPool", { ...wide, p: int(1) })).toEqual([0, 1, 3, 5, 3]);
  });
  test("SAME with dilations, by ONNX's formula", async () => {
    const dilated = { kernel_shape: ints(2), dilations: ints(2), auto_pad: text("SAME_LOWER") };
    expect(await pooledRow("MaxPool", dilated)).toEqual([2, 1, 2]);
  });
});

describe("MaxPool's Indices", () => {
  const unpooled = (attributes: Attributes, more: Attributes = {}, opset = 20) =>
    modelOf(
      [
        node("MaxPool", ["x"], ["h", "places"], { ...attributes, ...more }),
        node("MaxUnpool", ["h", "places", "shape"], "y", attributes),
      ],
      { shape: int64([4], [2, 3, 7, 8]) },
      { opset, input: { shape: ["N", 3, 7, 8] } },
    );
  const plain = { kernel_shape: ints(2, 3), strides: ints(2, 3) };

  test("MaxUnpool puts the maxima back when the batch is open", async () => {
    expect(graphFromModel(unpooled(plain), { place: "m" }).values.get("y")!.shape).toEqual(["N", 3, 7, 8]);
    await expectAsOriginal(unpooled(plain), [2, 3, 7, 8]);
  });

  test("their gradient goes back to where the maxima were", async () => {
    const read = GraphBuilder.from(bind(graphFromModel(unpooled(plain), { place: "m" }), { N: 2 }), {
      keepOutputs: true,
    });
    const y = read.value("y");
    read.output(read.op("ReduceSum", [read.op("Mul", [y, y])], { keepdims: 0 }), "loss");
    const program = await compile(gradient(read.build(), { of: "loss", withRespectTo: ["x"] }));
    const x = float32(
      [2, 3, 7, 8],
      Array.from({ length: 336 }, (_, i) => Math.sin(i * i)),
    );
    const found = await program.run({ x });
    await program.dispose();
    const twice = (found["y"]!.data as Float32Array).map((value) => 2 * value);
    expectClose({ x_grad: found["x_grad"]! }, { x_grad: float32([2, 3, 7, 8], [...twice]) });
  });

  test.each([0, 1])("storage order %i", async (order) => {
    const attributes = { kernel_shape: ints(3, 2), pads: ints(1, 0, 0, 1), storage_order: int(order) };
    const nodes = [
      node("MaxPool", ["x"], ["h", "places"], attributes),
      node("Cast", ["places"], "y", { to: int(1) }),
    ];
    await expectAsOriginal(modelOf(nodes), [2, 3, 8, 8]);
  });

  test.each([
    [
      "overlapping windows",
      unpooled({ kernel_shape: ints(3, 3), strides: ints(2, 2) }),
      "its windows overlap",
    ],
    [
      "wide pads",
      unpooled({ kernel_shape: ints(1, 1), pads: ints(1, 1, 1, 1) }),
      "pads by more than its kernel",
    ],
  ])("refuses %s", (_, model, words) => {
    expect(() => graphFromModel(model, { place: "m" })).toThrow(words);
  });

  test("match ONNX Runtime in a file of opset 11", async () => {
    const feeds = {
      x: float32(
        [2, 3, 7, 8],
        Array.from({ length: 336 }, (_, i) => Math.cos(i * i)),
      ),
    };
    const model = unpooled(plain, {}, 11);
    expectClose(await runImported(model, feeds), await runOriginal(model, feeds));
  });
});
