import { describe, expect, test } from "vitest";
import { SEEDS } from "../../test/fuzz/seeds.js";
import { big, int, ints, modelOf, node, vector } from "../../test/model.js";
import { logits, pooled, refusal, withHead } from "../../test/small-models.js";
import { InputError } from "../errors/index.js";
import { bindBatch, classifierFromModel } from "./index.js";
import type { Attribute, Model, ModelNode } from "../onnx/index.js";
import { float32, int64, type Tensor } from "../tensor/index.js";

const pool = (attributes: Readonly<Record<string, Attribute>>): Model =>
  withHead([node("MaxPool", ["x"], "h", { kernel_shape: ints(2, 2), ...attributes })]);
const pad = (...pads: bigint[]): Model =>
  withHead([node("Pad", ["x", "pads"], "h")], {
    pads: big(0n, 0n, ...pads.slice(0, 2), 0n, 0n, ...pads.slice(2)),
  });
/** As many logits, all the mean of the image. */
const classes = (count: number): Model =>
  modelOf(
    [
      node("Flatten", ["x"], "f"),
      node("ReduceMean", ["f"], "m", { axes: ints(1) }),
      node("Expand", ["m", "s"], "y"),
    ],
    { s: vector(1, count) },
  );

describe("small files that ask for the impossible are refused at the node", () => {
  const LOWEST = -(2n ** 63n);
  test.each<[string, Model, RegExp]>([
    [
      "a pad at the lowest integer",
      pad(LOWEST + 1n, 1n, 1n, 1n),
      /node "h" \(Pad\): pads must be 8 whole numbers/,
    ],
    ["pads that cancel", pad(-(2n ** 62n), 0n, 2n ** 62n, 0n), /"h" \(Pad\)/],
    ["cropping more than there is", pad(-9n, 0n, 12n, 0n), /axis 2 of 8 cannot be padded by -9 and 12/],
    ["too few pads", withHead([node("Pad", ["x", "pads"], "h")], { pads: vector(1, 1) }), /pads must be 8/],
    [
      "stride 0",
      pool({ strides: ints(0, 0) }),
      /"h" \(MaxPool\): strides must be 2 whole numbers of at least 1/,
    ],
    ["too few strides", pool({ strides: ints(1) }), /strides must be 2/],
    ["dilation 0", pool({ dilations: ints(0, 1) }), /dilations must be/],
    [
      "an unknown word for auto_pad",
      pool({ auto_pad: { kind: "string", value: "SAM" } }),
      /unknown auto_pad "SAM"/,
    ],
    ["an int where a list belongs", pool({ strides: int(2) }), /"strides" is of kind int, expected ints/],
    [
      "a float where an axis belongs",
      withHead([node("Softmax", ["x"], "h", { axis: { kind: "float", value: 1.5 } })]),
      /"axis" is of kind float, expected int/,
    ],
    [
      "floats as pads of an older opset",
      withHead([node("Pad", ["x"], "h", { pads: { kind: "floats", value: [0.5] } })]),
      /"pads" is of kind floats, expected ints/,
    ],
    [
      "division by zero",
      withHead([node("Div", ["a", "b"], "s"), node("Reshape", ["x", "s"], "h")], {
        a: vector(1, 1, 1, 1),
        b: vector(0, 0, 0, 0),
      }),
      /node "s" \(Div\): its value is invalid: Division by zero/,
    ],
    [
      "division by zero in a list longer than any shape",
      withHead([node("Div", ["a", "b"], "s"), node("Reshape", ["x", "s"], "h")], {
        a: int64([2, 2], [1, 1, 1, 1]),
        b: int64([2, 2], [0, 0, 0, 0]),
      }),
      /node "s" \(Div\): its value is invalid/,
    ],
    [
      "a product that overflows",
      withHead([node("Mul", ["a", "a"], "s"), node("Reshape", ["x", "s"], "h")], { a: vector(2 ** 40) }),
      /its value is invalid: .* does not fit int64/,
    ],
    [
      "an index outside",
      withHead([node("Gather", ["x", "i"], "h", { axis: int(1) })], { i: vector(0, 1, 7) }),
      /index 7 is outside an axis of 3/,
    ],
    [
      "an index that is not an integer",
      withHead([node("Gather", ["x", "i"], "h", { axis: int(1) })], { i: float32([1], [0.5]) }),
      /"h" \(Gather\): indices must be int64, found float32/,
    ],
    [
      "a slice with a step of 0",
      withHead([node("Slice", ["x", "z", "o", "o", "z"], "h")], { z: vector(0), o: vector(1) }),
      /a step must not be 0/,
    ],
    ["10⁹ classes", classes(1e9), /node "y" \(Expand\): gives \[1, 1000000000\]/],
    ["2 000 000 classes", classes(2e6), /has 2000000 classes; the limit is 1000000/],
    [
      "a constant of 2 GB",
      withHead(
        [
          node("ConstantOfShape", ["s"], "k"),
          node("ReduceSum", ["k"], "r", { keepdims: int(0) }),
          node("Add", ["x", "r"], "h"),
        ],
        {
          s: vector(5e8),
        },
      ),
      /node "k" \(ConstantOfShape\): gives \[500000000\]/,
    ],
    [
      "many constants of 100 MB",
      withHead(
        [
          ...Array.from({ length: 9 }, (_, i) => node("ConstantOfShape", ["s"], `k${i}`)),
          node("Sum", ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"], "k"),
          node("ReduceSum", ["k"], "r", { keepdims: int(0) }),
          node("Add", ["x", "r"], "h"),
        ],
        { s: vector(2.5e7) },
      ),
      /values computed from constants to 75000000 elements/,
    ],
    ["too many nodes", withHead(chain(20_001)), /has 20003 nodes; the limit is 20000/],
    ["too many inputs", withHead([node("Sum", Array<string>(100_000).fill("x"), "h")]), /100000 inputs/],
    [
      "a value named __proto__",
      withHead([node("Relu", ["x"], "__proto__"), node("Relu", ["__proto__"], "h")]),
      /reserved/,
    ],
    [
      "an input named __proto__",
      modelOf([node("Flatten", ["__proto__"], "y")], {}, { input: { name: "__proto__" } }),
      /"__proto__": has a reserved name/,
    ],
    [
      "a weight that does not fit",
      withHead([node("Conv", ["x", "w"], "h")], { w: float32([3, 3, 1], Array(9).fill(1)) }),
      /its weight \[3, 3, 1\] does not fit/,
    ],
  ])("%s", (_, model, words) => {
    expect(refusal(model)).toMatch(words);
  });

  test("metadata that asks for a side of 10⁹ is refused", () => {
    const draw = { distribution: "resize", axis: "rows", from: 1e9, smallest: 1e9, frame: 1e9 };
    const metadata = new Map([
      ["holdfast_format", "1"],
      ["architecture", "a"],
      ...["class_names", "taps", "parameters", "buffers"].map((key) => [key, "[]"] as const),
      ["random_inputs", JSON.stringify([{ name: "r", draw }])],
    ]);
    expect(refusal({ ...SEEDS["convolutions"]!, metadata })).toMatch(
      /damaged metadata: randomInputs\.0\.draw/,
    );
  });
});

function chain(length: number): ModelNode[] {
  return Array.from({ length }, (_, i) =>
    node("Relu", [i === 0 ? "x" : `r${i}`], i === length - 1 ? "h" : `r${i + 1}`),
  );
}

describe("large models are read", () => {
  /** `head` makes `shape` for `h` to have; the pooled maps are the logits. */
  const large = (head: readonly ModelNode[], constants: Readonly<Record<string, Tensor>>): Model =>
    modelOf(
      [
        ...head,
        node("Expand", ["x", "shape"], "h"),
        node("ReduceMean", ["h"], "y", { axes: ints(2, 3), keepdims: int(0) }),
      ],
      constants,
      { input: { shape: ["N", 1, 1, 1] } },
    );

  test("attention of a ViT-L on 1024 × 1024 pixels is read; a batch that makes it too large is reported", () => {
    const model = large([], { shape: vector(1, 16, 4097, 4097) });
    const classifier = classifierFromModel(model, "m");
    expect(() => bindBatch(classifier, 4)).toThrow(/\[4, 16, 4097, 4097\].*\n.*--batch-size/);
  });

  test("the size limit of a value counts a batch that had to be bound", () => {
    const head = [
      node("Shape", ["x"], "s"),
      node("Gather", ["s", "zero"], "n"),
      node("Add", ["n", "two"], "n2"),
      node("Sub", ["n2", "two"], "n1"),
      node("Concat", ["n1", "rest"], "shape", { axis: int(0) }),
    ];
    const constants = { zero: vector(0), two: vector(2), rest: vector(80, 1024, 1024) };
    const notices: string[] = [];
    classifierFromModel(large(head, constants), "m", { onNotice: (text) => notices.push(text) });
    expect(notices).toEqual([expect.stringMatching(/batches of 8 are used/)]);
  });
});

describe("an error from ONNX Runtime names the node", () => {
  test("at compilation", async () => {
    const mixed = withHead([
      node("Cast", ["x"], "whole", { to: int(7) }),
      node("Round", ["whole"], "rounded"),
      node("Cast", ["rounded"], "h", { to: int(1) }),
    ]);
    await expect(logits(mixed)).rejects.toThrow(/node "rounded": could not be compiled/);
    await expect(logits(mixed)).rejects.toThrow(InputError);
  });

  test("at run time", async () => {
    const outside = withHead(
      [
        node("ReduceSum", ["x"], "s", { keepdims: int(0) }),
        node("Cast", ["s"], "i", { to: int(7) }),
        node("Unsqueeze", ["i", "zero"], "u"),
        node("Gather", ["x", "u"], "h", { axis: int(1) }),
      ],
      { zero: vector(0) },
    );
    const wide = modelOf(
      [...outside.graph.nodes.slice(0, 4), node("Concat", ["x", "h"], "c", { axis: int(1) }), ...pooled("c")],
      Object.fromEntries(outside.graph.initializers),
    );
    await expect(logits(wide)).rejects.toThrow(/node "h": could not be run: .*out of data bounds/);
    await expect(logits(wide)).rejects.toThrow(InputError);
  });
});
