import { describe, expect, test } from "vitest";
import { modelOf, SEEDS } from "../../test/fuzz/seeds.js";
import { InputError } from "../errors/index.js";
import { readModel, writeModel, type Attribute, type Model, type ModelNode } from "../onnx/index.js";
import { compile } from "../runtime/index.js";
import { float32, int64, tensor, type Tensor } from "../tensor/index.js";
import { bindBatch, classifierFromModel, fixedBatchSize, type LoadOptions } from "./index.js";

const ints = (...value: number[]): Attribute => ({ kind: "ints", value });
const int = (value: number): Attribute => ({ kind: "int", value });

function node(
  opType: string,
  inputs: string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): ModelNode {
  const entries = Object.entries(attributes);
  return { name: output, opType, domain: "", inputs, outputs: [output], attributes: new Map(entries) };
}

/** `head` makes `h [N, 3, …]` of `x [N, 3, 8, 8]`; the pooled maps are the logits. */
function withHead(head: readonly ModelNode[], constants: Readonly<Record<string, Tensor>> = {}): Model {
  return modelOf([...head, node("GlobalAveragePool", ["h"], "p"), node("Flatten", ["p"], "y")], constants);
}

const vector = (...values: number[]): Tensor => int64([values.length], values);
const big = (...values: bigint[]): Tensor => tensor("int64", [values.length], BigInt64Array.from(values));

/** What is said of the model, read from its bytes as every command reads it. */
function refusal(model: Model, options: LoadOptions = {}): string {
  try {
    const classifier = classifierFromModel(
      readModel(writeModel(model), { place: "m.onnx" }),
      "m.onnx",
      options,
    );
    bindBatch(classifier, 2);
    return "read";
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
}

async function logits(model: Model, options: LoadOptions = {}): Promise<number[]> {
  const classifier = classifierFromModel(
    readModel(writeModel(model), { place: "m.onnx" }),
    "m.onnx",
    options,
  );
  const batch = fixedBatchSize(classifier) ?? 2;
  const bound = bindBatch(classifier, batch);
  const program = await compile(bound.graph, { threads: 1 });
  const { channels, height, width } = classifier;
  const image = tensor("float32", [batch, channels, height, width]);
  image.data.forEach((_, i) => (image.data[i] = (i % 7) / 7));
  const result = await program.run({ [bound.image]: image });
  await program.dispose();
  return [...(result[bound.logits]!.data as Float32Array)].slice(0, 3);
}

const pool = (attributes: Readonly<Record<string, Attribute>>): Model =>
  withHead([node("MaxPool", ["x"], "h", { kernel_shape: ints(2, 2), ...attributes })]);
const pad = (...pads: bigint[]): Model =>
  withHead([node("Pad", ["x", "pads"], "h")], {
    pads: big(0n, 0n, ...pads.slice(0, 2), 0n, 0n, ...pads.slice(2)),
  });

describe("small files that ask for what cannot be are refused at the node", () => {
  const LOWEST = -(2n ** 63n);
  test.each<[string, Model, RegExp]>([
    [
      "a pad at the lowest integer",
      pad(LOWEST + 1n, 1n, 1n, 1n),
      /node "h" \(Pad\): pads must be 8 whole numbers/,
    ],
    ["pads that cancel", pad(-(2n ** 62n), 0n, 2n ** 62n, 0n), /"h" \(Pad\)/],
    ["more taken off than there is", pad(-9n, 0n, 12n, 0n), /axis 2 of 8 cannot be padded by -9 and 12/],
    ["too few pads", withHead([node("Pad", ["x", "pads"], "h")], { pads: vector(1, 1) }), /pads must be 8/],
    ["stride 0", pool({ strides: ints(0, 0) }), /"h" \(MaxPool\): strides must be 2 whole numbers from 1 on/],
    ["a stride too few", pool({ strides: ints(1) }), /strides must be 2/],
    ["dilation 0", pool({ dilations: ints(0, 1) }), /dilations must be/],
    ["pads as large as the kernel", pool({ pads: ints(2, 2, 2, 2) }), /smaller than the kernel's 2/],
    [
      "a word for auto_pad",
      pool({ auto_pad: { kind: "string", value: "SAM" } }),
      /there is no auto_pad "SAM"/,
    ],
    ["an int where a list belongs", pool({ strides: int(2) }), /"strides" is of kind int, expected ints/],
    [
      "a float where an axis belongs",
      withHead([node("Softmax", ["x"], "h", { axis: { kind: "float", value: 1.5 } })]),
      /"axis" is of kind float, expected int/,
    ],
    [
      "floats where an older opset has its pads",
      withHead([node("Pad", ["x"], "h", { pads: { kind: "floats", value: [0.5] } })]),
      /"pads" is of kind floats, expected ints/,
    ],
    [
      "division by zero",
      withHead([node("Div", ["a", "b"], "s"), node("Reshape", ["x", "s"], "h")], {
        a: vector(1, 1, 1, 1),
        b: vector(0, 0, 0, 0),
      }),
      /node "s" \(Div\): computes a size of Infinity from 1 and 0/,
    ],
    [
      "division by zero of more numbers than a shape has",
      withHead([node("Div", ["a", "b"], "s"), node("Reshape", ["x", "s"], "h")], {
        a: int64([2, 2], [1, 1, 1, 1]),
        b: int64([2, 2], [0, 0, 0, 0]),
      }),
      /node "s" \(Div\): its value has no meaning/,
    ],
    [
      "a product that overflows",
      withHead([node("Mul", ["a", "a"], "s"), node("Reshape", ["x", "s"], "h")], { a: vector(2 ** 40) }),
      /computes a size of/,
    ],
    [
      "an index outside",
      withHead([node("Gather", ["x", "i"], "h", { axis: int(1) })], { i: vector(0, 1, 7) }),
      /index 7 is outside an axis of 3/,
    ],
    [
      "a slice with a step of 0",
      withHead([node("Slice", ["x", "z", "o", "o", "z"], "h")], { z: vector(0), o: vector(1) }),
      /a step of 0/,
    ],
    [
      "10⁹ classes",
      modelOf(
        [
          node("Flatten", ["x"], "f"),
          node("ReduceMean", ["f"], "m", { axes: ints(1) }),
          node("Expand", ["m", "s"], "y"),
        ],
        {
          s: vector(1, 1e9),
        },
      ),
      /node "y" \(Expand\): gives \[1, 1000000000\]/,
    ],
    [
      "2 000 000 classes",
      modelOf(
        [
          node("Flatten", ["x"], "f"),
          node("ReduceMean", ["f"], "m", { axes: ints(1) }),
          node("Expand", ["m", "s"], "y"),
        ],
        {
          s: vector(1, 2e6),
        },
      ),
      /has 2000000 classes; 1000000 are read/,
    ],
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
      /what is computed from constants to 75000000 elements/,
    ],
    ["more nodes than are read", withHead(chain(20_001)), /has 20003 nodes; 20000 are read/],
    [
      "more inputs than are read",
      withHead([node("Sum", Array<string>(100_000).fill("x"), "h")]),
      /100000 inputs/,
    ],
    [
      "a value with JavaScript's own name",
      withHead([node("Relu", ["x"], "__proto__"), node("Relu", ["__proto__"], "h")]),
      /reserved/,
    ],
    [
      "an input with JavaScript's own name",
      modelOf([node("Flatten", ["__proto__"], "y")], {}, { input: { name: "__proto__" } }),
      /"__proto__": has a name that is reserved/,
    ],
    [
      "a weight that does not fit",
      withHead([node("Conv", ["x", "w"], "h")], { w: float32([3, 3, 1], Array(9).fill(1)) }),
      /its weight \[3, 3, 1\] does not fit/,
    ],
  ])("%s", (_, model, words) => {
    expect(refusal(model)).toMatch(words);
  });

  test("metadata that asks for a side of 10⁹", () => {
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

describe("what ONNX Runtime refuses names the node", () => {
  test("when it is compiled", async () => {
    const mixed = withHead(
      [node("Mul", ["x", "d"], "h")].map((each) => ({ ...each, opType: "Pow" })),
      {
        d: tensor("bool", [1], Uint8Array.of(1)),
      },
    );
    await expect(logits(mixed)).rejects.toThrow(/node "h": could not be compiled/);
    await expect(logits(mixed)).rejects.toThrow(InputError);
  });

  test("when it is run", async () => {
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

const pooled = (from: string): ModelNode[] => [
  node("GlobalAveragePool", [from], "p"),
  node("Flatten", ["p"], "y"),
];

describe("what exporters write is read", () => {
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

  test("open height, width and channels are given", async () => {
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

  test("an open batch that shapes are computed with is fixed, and said", async () => {
    // A token for each image: [N, 1, 8, 8] of a constant, as vision transformers expand theirs.
    const model = modelOf(
      [
        node("Shape", ["x"], "s"),
        node("Gather", ["s", "zero"], "n", { axis: int(0) }),
        node("Mul", ["n", "two"], "n2"),
        node("Div", ["n2", "two"], "n1"),
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
    expect(notices).toEqual([expect.stringMatching(/size of the batch; batches of 8 are used/)]);
  });

  test("a file with an open batch that holds for one image only takes them one by one", async () => {
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

  test("pads that the older exporter computes in the graph", async () => {
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

  test("a quantised model is called that", () => {
    const model = withHead(
      [node("QuantizeLinear", ["x", "s"], "q"), node("DequantizeLinear", ["q", "s"], "h")],
      {
        s: float32([], [1]),
      },
    );
    expect(refusal(model)).toMatch(/\(QuantizeLinear\): this op is not known[^]*quantised[^]*float32 model/);
  });
});
