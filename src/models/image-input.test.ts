import { describe, expect, test } from "vitest";
import { int, ints, modelOf, node, vector, type ModelChanges } from "../../test/model.js";
import { pooled } from "../../test/small-models.js";
import { gradient } from "../autodiff/index.js";
import { GraphBuilder } from "../graph/index.js";
import { codeOfDType, type Model, type ModelNode } from "../onnx/index.js";
import { compile } from "../runtime/index.js";
import { float32, int64, tensor, type Tensor } from "../tensor/index.js";
import {
  bindBatch,
  classifierFromModel,
  fixedBatchSize,
  layoutOf,
  type Classifier,
  type LoadOptions,
} from "./index.js";

const notices: string[] = [];
const load = (model: Model, options: LoadOptions = {}): Classifier => {
  notices.length = 0;
  return classifierFromModel(model, "m.onnx", { ...options, onNotice: (text) => notices.push(text) });
};

/** Logits, and the gradient of their sum, of two images of the classifier's shape. */
async function run(
  classifier: Classifier,
  pixel: (i: number) => number,
): Promise<{ logits: number[]; imageGradient: number[] }> {
  const { graph, image, logits, channels, height, width } = bindBatch(classifier, 2);
  const shape = [2, channels, height, width];
  const images = tensor("float32", shape);
  images.data.forEach((_, i) => (images.data[i] = pixel(i)));
  const g = GraphBuilder.from(graph);
  const sum = g.op("ReduceSum", [g.value(logits)], { keepdims: 0 });
  g.output(sum);
  const both = gradient(
    { ...g.build(), outputs: [logits, sum.name] },
    { of: sum.name, withRespectTo: [image] },
  );
  const program = await compile(both, { threads: 1 });
  const outputs = await program.run({ [image]: images });
  await program.dispose();
  const grad = Object.entries(outputs).find(([name]) => name !== logits && name !== sum.name)![1];
  return {
    logits: [...(outputs[logits]!.data as Float32Array)],
    imageGradient: [...(grad.data as Float32Array)],
  };
}

const cast = (from: string, to: string): ModelNode =>
  node("Cast", [from], to, { to: int(codeOfDType("float32")) });
const withInput = (
  nodes: readonly ModelNode[],
  input: NonNullable<ModelChanges["input"]>,
  constants: Readonly<Record<string, Tensor>> = {},
): Model => modelOf(nodes, constants, { input });

describe("one image, without an axis for the batch", () => {
  const model = (shape: readonly number[], outputs = 2): Model => {
    const flat = node("Reshape", ["x", "row"], "flat");
    const size = shape.reduce((product, length) => product * length, 1);
    const weights = Float32Array.from({ length: size * outputs }, (_, i) => ((i * 7) % 11) - 5);
    const whole = modelOf(
      [flat, node("MatMul", ["flat", "w"], "all"), node("Reshape", ["all", "count"], "y")],
      {
        row: int64([2], [1, size]),
        w: tensor("float32", [size, outputs], weights),
        count: int64([1], [outputs]),
      },
      { input: { shape } },
    );
    const [y] = whole.graph.outputs;
    return { ...whole, graph: { ...whole.graph, outputs: [{ ...y!, shape: [outputs] }] } };
  };

  test.each([
    [
      [3, 4, 4],
      [3, 4, 4],
    ],
    [
      [1, 4, 4],
      [1, 4, 4],
    ],
    [
      [4, 4],
      [1, 4, 4],
    ],
    [[16], [1, 4, 4]],
  ])("%j is read, one image at a time", async (shape, [channels, height, width]) => {
    const classifier = load(model(shape));
    expect(classifier).toMatchObject({ channels, height, width });
    expect(fixedBatchSize(classifier)).toBe(1);
    expect(notices.join()).toContain("one image at a time");
    const { graph, image, logits } = bindBatch(classifier, 1);
    const size = channels! * height! * width!;
    const pixels = Float32Array.from({ length: size }, (_, i) => (i % 5) / 4);
    const program = await compile({ ...graph, outputs: [logits] }, { threads: 1 });
    const found = await program.run({ [image]: tensor("float32", [1, channels!, height!, width!], pixels) });
    await program.dispose();
    const sums = [0, 1].map((k) =>
      pixels.reduce((sum, pixel, i) => sum + pixel * ((((2 * i + k) * 7) % 11) - 5), 0),
    );
    expect([...(found[logits]!.data as Float32Array)]).toEqual(sums.map((sum) => expect.closeTo(sum, 3)));
  });

  test("as many numbers as rows are one number for each image", () => {
    const classifier = load(model([3, 4, 4], 3));
    expect([classifier.channels, fixedBatchSize(classifier)]).toEqual([1, 3]);
  });
});

describe("integer images", () => {
  const model = (dtype: "uint8" | "int32" | "int64"): Model =>
    withInput(
      [cast("x", "f"), node("Mul", ["f", "k"], "h"), ...pooled("h")],
      { dtype },
      { k: float32([], [1 / 255]) },
    );

  test.each(["uint8", "int32", "int64"] as const)(
    "%s: pixels are rounded, gradients pass through",
    async (dtype) => {
      const classifier = load(model(dtype));
      expect(notices).toEqual([expect.stringContaining(`its input is ${dtype}: pixels are rounded`)]);
      const { logits, imageGradient } = await run(classifier, (i) => (i < 192 ? 0.3 / 255 : 7.6 / 255));
      logits.forEach((z, i) => expect(z).toBeCloseTo(i < 3 ? 0 : 8 / 255, 6));
      for (const each of imageGradient) expect(each).toBeCloseTo(1 / 64, 6);
    },
  );

  test("take no mean and deviation", () => {
    expect(() => load(model("uint8"), { mean: [0.5, 0.5, 0.5] })).toThrow(/takes uint8/);
  });
});

test("a float64 model runs in float32", async () => {
  const halved = tensor("float64", [], Float64Array.of(0.5));
  const nodes = [node("Mul", ["x", "k"], "h"), ...pooled("h")];
  const classifier = load(withInput(nodes, { dtype: "float64" }, { k: halved }));
  expect(notices).toEqual([expect.stringContaining("float64 tensors are computed in float32")]);
  expect((await run(classifier, () => 0.5)).logits).toEqual([0.25, 0.25, 0.25, 0.25, 0.25, 0.25]);
});

describe("flattened images", () => {
  /** Logits are the first three elements. */
  const first = [node("Slice", ["x", "from", "to", "axis"], "y")];
  const constants = { from: vector(0), to: vector(3), axis: vector(1) };
  const flat = (...shape: (number | string)[]): Model => withInput(first, { shape }, constants);
  const shapeOf = (model: Model, options: LoadOptions = {}): number[] => {
    const { channels, height, width } = load(model, options);
    return [channels, height, width];
  };

  test("are squares, gray if possible, unless options give the size", () => {
    expect(shapeOf(flat("N", 784))).toEqual([1, 28, 28]);
    expect(notices).toEqual([expect.stringContaining("read as 1 × 28 × 28")]);
    expect(shapeOf(flat("N", 3072))).toEqual([3, 32, 32]);
    expect(shapeOf(flat("N", 60), { size: [4, 5] })).toEqual([3, 4, 5]);
    const rows = [
      ...first.map((each) => ({ ...each, outputs: ["s"] })),
      node("ReduceMean", ["s"], "y", { axes: ints(2), keepdims: int(0) }),
    ];
    expect(shapeOf(withInput(rows, { shape: ["N", 6, 8] }, constants))).toEqual([1, 6, 8]);
    const column = withInput(
      [node("Flatten", ["x"], "f"), node("Slice", ["f", "from", "to", "axis"], "y")],
      { shape: [1, 784, 1] },
      constants,
    );
    expect(shapeOf(column)).toEqual([1, 28, 28]);
  });

  test("may be pixel by pixel, with channels first or last", async () => {
    const of = async (options: LoadOptions): Promise<number[]> =>
      (await run(load(flat("N", 12), { size: [2, 2], channels: 3, ...options }), (i) => i)).logits.slice(
        0,
        3,
      );
    expect(await of({})).toEqual([0, 1, 2]);
    expect(await of({ layout: "NHWC" })).toEqual([0, 4, 8]);
  });

  test("are an error if no shape fits", () => {
    expect(() => load(flat("N", 60))).toThrow(/is \[N, 60\], expected \[N, C, H, W\]\n.*--size/);
    expect(() => load(flat("N", 60), { size: [7, 7] })).toThrow(/expected/);
  });
});

test("channels are last if only that fits, or if the graph begins by moving them", () => {
  const moved = [node("Transpose", ["x"], "h", { perm: ints(0, 3, 1, 2) }), ...pooled("h")];
  const of = (...shape: (number | string)[]): string | undefined => layoutOf(withInput(moved, { shape }));
  expect([of("N", 8, 8, 3), of("N", "h", "w", "c"), of("N", 3, 8, 8), of("N", 3, 8, 3)]).toEqual([
    "NHWC",
    "NHWC",
    undefined,
    undefined,
  ]);
  const kept = [node("Relu", ["x"], "h"), ...pooled("h")];
  expect(layoutOf(withInput(kept, { shape: ["N", "c", "h", "w"] }))).toBeUndefined();
});

describe("a single logit per image", () => {
  const mean = [node("ReduceMean", ["x"], "z", { axes: ints(1, 2, 3), keepdims: int(0) })];

  test.each([
    ["[N]", [], "z"],
    ["[N, 1]", [node("Unsqueeze", ["z", "one"], "u")], "u"],
    ["behind a sigmoid", [node("Unsqueeze", ["z", "one"], "u"), node("Sigmoid", ["u"], "s")], "s"],
    [
      "behind a sigmoid and a squeeze",
      [node("Sigmoid", ["z"], "s"), node("Unsqueeze", ["s", "one"], "u")],
      "u",
    ],
  ])("%s: logits 0 and z", async (_, nodes, output) => {
    const model = modelOf([...mean, ...nodes], { one: vector(1) }, { output });
    const classifier = load(model, { classNames: ["no", "yes"] });
    expect(notices).toEqual(expect.arrayContaining([expect.stringContaining("the logits 0 and z")]));
    const { logits, imageGradient } = await run(classifier, () => 0.25);
    expect(logits).toEqual([0, 0.25, 0, 0.25]);
    expect(imageGradient[0]).toBeCloseTo(1 / 192);
  });

  test("ten numbers without a batch axis are not ten images", () => {
    const model = modelOf([node("ReduceMean", ["x"], "y", { axes: ints(0, 2, 3), keepdims: int(0) })]);
    expect(() => load(model)).toThrow(/expected float32\[N, K\]/);
  });
});

test("with several outputs, the error shows their shapes and the option", () => {
  const model = modelOf([node("Relu", ["x"], "h"), ...pooled("h")]);
  // Without shapes, both may be one number per class.
  const two = [...model.graph.outputs, { name: "h", dtype: "float32" as const, shape: ["N", 3] }];
  expect(() => load({ ...model, graph: { ...model.graph, outputs: two } })).toThrow(
    /2 outputs: y, h \[N, 3\]\n.*--output/,
  );
});
