import { describe, expect, test } from "vitest";
import { relativeError } from "../../../test/fixture.js";
import { int, ints, modelOf, node, vector } from "../../../test/model.js";
import { smallTransformer, TRANSFORMER_WEIGHTS } from "../../../test/small-transformer.js";
import { InputError } from "../../errors/index.js";
import { modelFromGraph } from "../../graph/index.js";
import { readModel, writeModel, type Model } from "../../onnx/index.js";
import { createGenerator, float32, tensor, toNumbers, type Tensor } from "../../tensor/index.js";
import { trainForm, bindBatch, bindForTraining, readImported, withHeadFor, writeBack } from "../index.js";
import { compared, file, moved, noise, run, softmax } from "../../../test/written-back.js";
import { toHalf } from "./half.js";

describe("a file with changed weights", () => {
  test("keeps the file's inputs and outputs: channels last, gray levels, a softmax", async () => {
    const imported = readImported(await file("foreign-channels-last"), "m.onnx", {
      layout: "NHWC",
      range: 255,
    });
    const toFile = ({ shape, data }: Tensor<"float32">): Tensor => {
      const [count, channels, height, width] = shape as [number, number, number, number];
      const area = height * width;
      const place = (i: number): number => {
        const [c, at] = [i % channels, Math.floor(i / channels)];
        return Math.floor(at / area) * channels * area + c * area + (at % area);
      };
      return float32(
        [count, height, width, channels],
        data.map((_, i) => 255 * data[place(i)]!),
      );
    };
    expect(await compared(imported, toFile, softmax(6))).toBeLessThan(1e-5);
    const written = writeBack(imported, moved(imported));
    const { graph, opsets, producerName } = await file("foreign-channels-last");
    expect(written).toMatchObject({
      opsets,
      producerName,
      graph: { inputs: graph.inputs, outputs: graph.outputs },
    });
    expect(written.graph.nodes.map(({ opType }) => opType)).toContain("Softmax");
  });

  test.each(["residual-9", "residual-dynamo", "mobile-13"])("%s, from opset to opset", async (name) => {
    const imported = readImported(await file(`onnx/${name}`), "m.onnx", {});
    const output = name === "mobile-13" ? softmax(4) : undefined;
    expect(await compared(imported, (pixels) => pixels, output)).toBeLessThan(1e-5);
  });

  test("a transformer with tokens and a head behind a Transpose", async () => {
    const imported = readImported(smallTransformer(), "m.onnx", {});
    expect([...imported.classifier.parameters].sort()).toEqual([...TRANSFORMER_WEIGHTS].sort());
    expect(await compared(imported, (pixels) => pixels)).toBeLessThan(1e-5);
  });

  test("weights passed to the file's own functions", async () => {
    const layer = {
      name: "Layer",
      domain: "own",
      inputs: ["a", "b"],
      outputs: ["c"],
      attributes: [],
      defaults: new Map(),
      nodes: [node("Conv", ["a", "b"], "d"), node("Relu", ["d"], "c")],
      opsets: new Map([["", 17]]),
    };
    const opsets = new Map([...layer.opsets, ["own", 1] as const]);
    const nodes = [
      { ...node("Layer", ["x", "w"], "h"), domain: "own" },
      node("GlobalAveragePool", ["h"], "p"),
      node("Flatten", ["p"], "f"),
      node("Gemm", ["f", "head"], "y"),
    ];
    const model = {
      ...modelOf(nodes, { w: noise("w", 4, 3, 1, 1), head: noise("h", 4, 2) }),
      opsets,
      functions: [layer],
    };
    const changed = withHeadFor(readImported(model, "m.onnx", {}), Array.from("abc"), createGenerator(3));
    expect(changed.classifier.parameters).toEqual(["w", "head"]);
    expect(await compared(changed, (pixels) => pixels)).toBeLessThan(1e-5);
  });

  test("float16 weights are trained in float32 and written in float16", async () => {
    const half = ({ shape, data }: Tensor<"float32">): Tensor =>
      tensor("float16", shape, Uint16Array.from(data, toHalf));
    const model = modelOf(
      [node("Conv", ["x", "w"], "c"), node("GlobalAveragePool", ["c"], "p"), node("Flatten", ["p"], "y")],
      { w: half(noise("w", 4, 3, 1, 1)) },
      { input: { dtype: "float16" } },
    );
    const typed = {
      ...model,
      graph: { ...model.graph, outputs: [{ name: "y", dtype: "float16", shape: ["N", 4] }] },
    } as Model;
    const imported = readImported(typed, "m.onnx", {});
    expect(await compared(imported, half)).toBeLessThan(2e-3);
    expect(writeBack(imported, moved(imported)).graph.initializers.get("w")!.dtype).toBe("float16");
  });
});

test("float16 rounding: nearest, ties to even, denormals, infinity", () => {
  const back = (value: number): number =>
    toNumbers(tensor("float16", [1], Uint16Array.of(toHalf(value))))[0]!;
  for (const value of [0, 1, -1.5, 65504, 2 ** -24, 2 ** -14, 0.333251953125, -6e-8])
    expect(Math.abs(back(value) - value)).toBeLessThanOrEqual(2 ** -25);
  expect([back(2049), back(2051), back(65520), back(-1e9), back(2 ** -26), back(NaN)]).toEqual([
    2048,
    2052,
    Infinity,
    -Infinity,
    0,
    NaN,
  ]);
});

describe("weights in other forms", () => {
  const pooled = [node("GlobalAveragePool", ["h"], "p"), node("Flatten", ["p"], "y")];

  test("quantised behind DequantizeLinear: become floats, with a note", async () => {
    const model = modelOf(
      [
        node("DequantizeLinear", ["q", "s", "z"], "w", { axis: int(0) }),
        node("Conv", ["x", "w"], "h"),
        ...pooled,
      ],
      {
        q: tensor("int8", [2, 3, 1, 1], Int8Array.of(1, 2, 3, -4, 5, 6)),
        s: float32([2], [0.5, 2]),
        z: tensor("int8", [2], Int8Array.of(0, 1)),
      },
    );
    const notices: string[] = [];
    const imported = readImported(model, "m.onnx", {}, (text) => notices.push(text));
    expect(notices[0]).toContain("its 1 quantised weights are trained and exported as floats");
    expect([...imported.classifier.graph.initializers.get("w")!.data]).toEqual([0.5, 1, 1.5, -10, 8, 10]);
    expect([...imported.source.graph.initializers.keys()]).toEqual(["w"]);
    const before = readModel(writeModel(model), { place: "m" });
    const pixels = noise("q", 2, 3, 8, 8);
    const same = writeBack(imported, imported.classifier.graph.initializers);
    expect(relativeError(await run(same, pixels), await run(before, pixels))).toBeLessThan(1e-6);
  });

  test("shared by BatchNormalizations: untied; in Constant nodes and behind Identity: found", async () => {
    const bn = (x: string, y: string, scale = "s"): ReturnType<typeof node> =>
      node("BatchNormalization", [x, scale, "b", "m", "v"], y);
    const model = modelOf(
      [
        node("Constant", [], "w", { value: { kind: "tensor", value: noise("w", 3, 3, 1, 1) } }),
        node("Identity", ["s"], "s2"),
        node("Conv", ["x", "w"], "c"),
        bn("c", "n"),
        node("Relu", ["n"], "r"),
        bn("r", "h", "s2"),
        ...pooled,
      ],
      {
        s: float32([3], [1, 2, 1]),
        b: float32([3], [0, 1, 0]),
        m: float32([3], [0.1, 0.2, 0.3]),
        v: float32([3], [1, 1, 2]),
      },
    );
    const imported = readImported(model, "m.onnx", {});
    const { classifier } = imported;
    expect(classifier.parameters).toEqual(["w", "s", "b", "s2", "b.1"]);
    expect(classifier.buffers).toEqual(["m", "v", "m.1", "v.1"]);
    expect(trainForm(bindBatch(classifier, 4)).statistics.map(({ runningMean }) => runningMean)).toEqual([
      "m",
      "m.1",
    ]);
    expect(await compared(imported, (pixels) => pixels)).toBeLessThan(1e-5);
  });

  test("behind ops of constants: stay weights when the batch is bound, and only the file's own are fed", async () => {
    const model = modelOf(
      [
        node("Reshape", ["w", "kernel"], "k"),
        node("Conv", ["x", "k"], "h", { strides: ints(4, 4) }),
        ...pooled,
      ],
      { w: noise("w", 4, 3), kernel: vector(4, 3, 1, 1) },
    );
    const { classifier } = readImported(model, "m.onnx", {});
    expect(classifier.parameters).toEqual(["w"]);
    expect(bindBatch(classifier, 2).graph.nodes.map(({ op }) => op)).toContain("Reshape");
    expect(bindBatch(classifier, 2).graph.initializers.get("w")).toBe(model.graph.initializers.get("w"));
    expect(bindForTraining(classifier, 2).graph.inputs).toEqual(["x", "w"]);
    expect(await compared(readImported(model, "m.onnx", {}), (pixels) => pixels)).toBeLessThan(1e-5);
  });

  test("a model without weights is an error that says so", () => {
    const model = modelOf([node("Relu", ["x"], "h"), ...pooled]);
    expect(() => readImported(model, "m.onnx", {})).toThrow(/m.onnx: has no trainable weights/);
  });
});

describe("a batch and a size fixed by the file", () => {
  const fixed = modelOf(
    [
      node("Conv", ["x", "w"], "c"),
      node("GlobalAveragePool", ["c"], "p"),
      node("Reshape", ["p", "flat"], "f"),
      node("MatMul", ["f", "head"], "y"),
    ],
    { w: noise("w", 4, 3, 3, 3), flat: vector(1, 4), head: noise("h", 4, 2) },
    { input: { shape: [1, 3, 8, 8] } },
  );

  test("are opened for training and stay open in what is written", async () => {
    const imported = readImported(fixed, "m.onnx", { size: [12, 10] });
    const { classifier } = imported;
    expect([classifier.height, classifier.width]).toEqual([12, 10]);
    expect(classifier.graph.values.get(classifier.logits)!.shape).toEqual(["N", 2]);
    const written = writeBack(imported, moved(imported));
    expect(written.graph.inputs[0]!.shape).toEqual([1, 3, 8, 8]);
    // Each image of a batch is answered as it is alone.
    const pixels = noise("two", 2, 3, 12, 10);
    const graph = modelFromGraph(classifier.graph);
    const both = await run(graph, pixels);
    const alone = await run(graph, tensor("float32", [1, 3, 12, 10], pixels.data.slice(360)));
    expect(relativeError(both.subarray(2), alone)).toBeLessThan(1e-6);
  });

  test("are reported if the layers need them", () => {
    const flat = modelOf(
      [node("Reshape", ["x", "row"], "f"), node("MatMul", ["f", "w"], "y")],
      { w: noise("w", 192, 2), row: vector(1, 192) },
      { input: { shape: [1, 3, 8, 8] } },
    );
    expect(readImported(flat, "m.onnx", { size: [8, 8] }).classifier.parameters).toEqual(["w"]);
    const read = (): unknown => readImported(flat, "m.onnx", { size: [16, 16] });
    expect(read).toThrow(InputError);
    expect(read).toThrow(/cannot be read for images other than its own \[1, 3, 8, 8\]/);
    expect(read).toThrow(/Omit --size/);
  });
});
