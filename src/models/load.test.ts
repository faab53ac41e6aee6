import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixture, relativeError } from "../../test/fixture.js";
import { InputError, UsageError } from "../errors/index.js";
import { readModelFile, type Model, type ModelNode, type ValueInfo } from "../onnx/index.js";
import { compile } from "../runtime/index.js";
import { createGenerator, tensor, type Tensor } from "../tensor/index.js";
import {
  bindBatch,
  classifierFromModel,
  createClassifier,
  fixedBatchSize,
  loadClassifier,
  saveClassifier,
  type Classifier,
  type LoadOptions,
} from "./index.js";

/** Exported by PyTorch: scripts/fixtures/foreign.py. */
const file = (name: string): string =>
  fileURLToPath(new URL(`../../test/fixtures/${name}.onnx`, import.meta.url));
const FOREIGN = file("foreign");
const CHANNELS_LAST = file("foreign-channels-last");
const expected = fixture("foreign");
const NORMALIZED = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] };
const RAW = { layout: "NHWC", range: 255 } as const;

async function logitsOf(classifier: Classifier, images: Tensor): Promise<Float32Array> {
  const program = await compile(bindBatch(classifier, images.shape[0]!).graph);
  const outputs = await program.run({ [classifier.image]: images });
  await program.dispose();
  return outputs[classifier.logits]!.data as Float32Array;
}

let folder = "";
let foreign: Model;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-models-"));
  foreign = await readModelFile(FOREIGN);
});
afterAll(() => rm(folder, { recursive: true }));

/** The foreign model with its input and graph changed. */
function changed(input: Partial<ValueInfo>, graph: Partial<Model["graph"]> = {}): Model {
  const { inputs } = foreign.graph;
  return { ...foreign, graph: { ...foreign.graph, inputs: [{ ...inputs[0]!, ...input }], ...graph } };
}
const load = (model: Model, options: LoadOptions = {}): Classifier =>
  classifierFromModel(model, "m.onnx", options);
const node = (opType: string, inputs: string[], outputs: string[]): ModelNode => ({
  name: "",
  opType,
  domain: "",
  inputs,
  outputs,
  attributes: new Map(),
});

describe("a model that PyTorch exported", () => {
  it("matches PyTorch's logits for pixels in [0, 1], with the normalisation from the options", async () => {
    const classifier = await loadClassifier(FOREIGN, { ...NORMALIZED, classNames: [..."abcdef"] });
    const logits = await logitsOf(classifier, expected("images"));
    expect(relativeError(logits, expected("logits").data as Float64Array)).toBeLessThan(1e-5);
    const { channels, height, width, classNames } = classifier;
    expect({ channels, height, width, classNames }).toEqual({
      channels: 3,
      height: 40,
      width: 40,
      classNames: [..."abcdef"],
    });
  });

  it("taps the ends of the groups, not activations that a skip connection bypasses", async () => {
    const { taps } = await loadClassifier(FOREIGN);
    expect(taps).toEqual([
      { name: "group-0", value: "/stem/stem.1/Relu_output_0" },
      { name: "group-1", value: "/groups/groups.0/Relu_1_output_0" },
      { name: "group-2", value: "/groups/groups.1/Relu_1_output_0" },
      { name: "group-3", value: "/groups/groups.2/Relu_1_output_0" },
    ]);
  });

  it("finds trained weights, unties them, and finds the running statistics", async () => {
    const { parameters, buffers, graph } = await loadClassifier(FOREIGN);
    // Stem 2; in each of 3 blocks 3 convolutions and 3 BatchNorms with 2 each; head 2.
    expect(parameters).toHaveLength(2 + 3 * 9 + 2);
    expect(buffers).toHaveLength(3 * 6);
    expect(parameters).toContain("groups.2.skip.1.weight");
    for (const name of parameters) expect(graph.initializers.has(name), name).toBe(true);
  });

  it("removes a sigmoid per class, with a note", async () => {
    const output = foreign.graph.outputs[0]!;
    const node = { ...foreign.graph.nodes.at(-1)!, name: "sure", opType: "Sigmoid" };
    const sigmoid: ModelNode = { ...node, inputs: [output.name], outputs: ["sure"], attributes: new Map() };
    const graph = {
      ...foreign.graph,
      nodes: [...foreign.graph.nodes, sigmoid],
      outputs: [{ ...output, name: "sure" }],
    };
    const notices: string[] = [];
    const classifier = classifierFromModel({ ...foreign, graph }, "it", {
      onNotice: (text) => notices.push(text),
    });
    expect(classifier.logits).toBe(output.name);
    expect(notices).toEqual([
      expect.stringContaining(`"sure" is a sigmoid; holdfast uses the logits before it, "${output.name}"`),
    ]);
  });

  it("passes colours in the model's order, with mean and deviation in that order", async () => {
    const blueFirst = await loadClassifier(FOREIGN, {
      mean: NORMALIZED.mean.toReversed(),
      std: NORMALIZED.std.toReversed(),
      channelOrder: "BGR",
    });
    const images = expected("images");
    const [count, channels, height, width] = images.shape as [number, number, number, number];
    const turned = tensor("float32", images.shape);
    images.data.forEach((value, i) => {
      const [image, channel] = [
        Math.floor(i / (channels * height * width)),
        Math.floor(i / (height * width)) % channels,
      ];
      const at = (image * channels + channels - 1 - channel) * height * width + (i % (height * width));
      turned.data[at] = Number(value);
    });
    expect(count).toBeGreaterThan(0);
    const redFirst = await loadClassifier(FOREIGN, {
      mean: NORMALIZED.mean.toReversed(),
      std: NORMALIZED.std.toReversed(),
    });
    expect(await logitsOf(blueFirst, images)).toEqual(await logitsOf(redFirst, turned));
    expect(() => load(changed({ shape: ["N", 1, 40, 40] }), { channelOrder: "BGR" })).toThrow(/BGR|channels/);
  });

  it("accepts channels-last models of raw pixels, and removes their softmax", async () => {
    const notices: string[] = [];
    const classifier = await loadClassifier(CHANNELS_LAST, {
      ...RAW,
      onNotice: (text) => notices.push(text),
    });
    expect(notices).toEqual([expect.stringMatching(/"scores" is a softmax.*"\/head\/Gemm_output_0"/)]);
    const logits = await logitsOf(classifier, expected("small"));
    expect(relativeError(logits, expected("small_logits").data as Float64Array)).toBeLessThan(1e-5);
    expect(classifier.graph.values.get(classifier.image)!.shape).toEqual(["N", 3, 20, 20]);
  });

  it("keeps a batch size fixed by the file", () => {
    const classifier = load(changed({ shape: [2, 3, 40, 40] }));
    expect(fixedBatchSize(classifier)).toBe(2);
    expect(bindBatch(classifier, 2).graph.values.get(classifier.logits)!.shape).toEqual([2, 6]);
    expect(() => bindBatch(classifier, 3)).toThrow(/exactly 2 images, but the batch size is 3/);
    expect(fixedBatchSize(load(foreign))).toBeUndefined();
  });

  it("takes an open size from the options", () => {
    const open = changed({ shape: ["batch", 3, "h", "w"] });
    expect(() => load(open)).toThrow(InputError);
    const classifier = load(open, { size: [24, 32] });
    expect([classifier.height, classifier.width]).toEqual([24, 32]);
  });

  it("reads the named one of several outputs", () => {
    const { outputs, nodes } = foreign.graph;
    const second: ValueInfo = { name: "label", dtype: "int64", shape: ["batch"] };
    const both = changed(
      {},
      { outputs: [...outputs, second], nodes: [...nodes, node("ArgMax", ["scores"], ["label"])] },
    );
    const notices: string[] = [];
    expect(load(both, { onNotice: (text) => notices.push(text) }).logits).toBe("scores");
    expect(notices.join()).toMatch(/"scores" looks like one number per class; "label" is ignored/);
    expect(() => load(both, { output: "scroes" })).toThrow(/Did you mean "scores"/);
    expect(() => load(both, { output: "label" })).toThrow(/is int64/);
    expect(load(both, { output: "scores" }).logits).toBe("scores");
  });

  it("says why a model is not an image classifier", () => {
    const extra: ValueInfo = { name: "mask", dtype: "float32", shape: ["batch", 6] };
    const { inputs, outputs, nodes } = foreign.graph;
    const twoInputs = changed(
      {},
      {
        inputs: [...inputs, extra],
        nodes: [...nodes, node("Mul", ["scores", "mask"], ["masked"])],
        outputs: [{ ...outputs[0]!, name: "masked" }],
      },
    );
    expect(() => load(twoInputs)).toThrow(
      /2 inputs that its output depends on: pixels \[N, 3, 40, 40\], mask \[N, 6\]/,
    );
    // An input that the output does not depend on may stay unfed.
    expect(load(changed({}, { inputs: [...inputs, extra] })).image).toBe("pixels");
    const relu = (input: Partial<ValueInfo>): Model =>
      changed(input, { nodes: [node("Relu", ["pixels"], ["scores"])], initializers: new Map() });
    expect(() => load(relu({ shape: ["batch", 6] }))).toThrow(/is \[N, 6\], expected \[N, C, H, W\]/);
    expect(() => load(relu({ shape: ["batch", 9, 9, 3] }))).toThrow(/NHWC/);
    expect(() => load(relu({ shape: ["batch", 3, 9, 9] }))).toThrow(/expected float32\[N, K\]/);
    expect(() => load(relu({ dtype: "int8", shape: ["batch", 3, 1, 1] }))).toThrow(/int8, expected float32/);
    expect(load(relu({ shape: ["batch", 3, 1, 1] })).classNames).toEqual(["0", "1", "2"]);
  });

  it("checks the options against the model", () => {
    expect(() => load(foreign, { mean: [0.5] })).toThrow(/mean: must be 3 numbers[^]*give 0\.5,0\.5,0\.5\./);
    expect(() => load(foreign, { std: [0, 1, 1] })).toThrow(UsageError);
    expect(() => load(foreign, { range: Infinity })).toThrow(/range: must be above 0/);
    expect(() => load(foreign, { mean: [NaN, 0, 0] })).toThrow(/mean: must be in \[0, 1\]/);
    expect(() => load(foreign, { mean: [123.675, 116.28, 103.53] })).toThrow(
      /^mean: must be in \[0, 1\].*\n.*did you mean mean 0\.485,0\.456,0\.406\?.*give range 255/,
    );
    expect(() => load(foreign, { std: [58.395, 57.12, 57.375] })).toThrow(
      /std: must be above 0 and at most 1/,
    );
    const ultralytics = (names: string): Model => ({ ...foreign, metadata: new Map([["names", names]]) });
    expect(load(ultralytics("{0: 'a', 1: 'b', 2: 'c', 3: 'd', 4: 'e', 5: 'f'}")).classNames).toEqual([
      ..."abcdef",
    ]);
    const notices: string[] = [];
    const fewer = load(ultralytics("{0: 'a', 1: 'b'}"), { onNotice: (text) => notices.push(text) });
    expect([fewer.classNames[5], notices]).toEqual(["5", [expect.stringContaining("names 2 classes")]]);
    expect(() => load(foreign, { classNames: ["a"] })).toThrow(/6 logits, but 1 class names were given/);
    expect(() => load(foreign, { taps: ["scores"] })).toThrow(/"scores": is neither \[N, C, h, w\] nor/);
    expect(() => load(foreign, { taps: ["/stem/stem.1/relu_output_0"] })).toThrow(
      /Did you mean "\/stem\/stem\.1\/Relu_output_0"/,
    );
    expect(load(foreign, { taps: ["/groups/groups.1/Relu_output_0"] }).taps).toEqual([
      { name: "group-0", value: "/groups/groups.1/Relu_output_0" },
    ]);
  });
});

describe("a classifier saved by holdfast", () => {
  const own = createClassifier("resnet-mini", {
    channels: 3,
    height: 32,
    width: 28,
    classNames: ["daisy", "</script>", "__proto__"],
    normalization: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.2, 0.2] },
    random: createGenerator(5),
  });

  it("survives saving and loading", async () => {
    const path = join(folder, "own.onnx");
    await saveClassifier(own, path, { recipe: "at-alp" });
    const { graph, ...rest } = await loadClassifier(path);
    const { graph: original, ...wanted } = own;
    expect(rest).toEqual(wanted);
    // Attributes are float32 in a file.
    const inFile = original.nodes.map(({ attributes, ...node }) => ({
      ...node,
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([key, value]) => [
          key,
          typeof value === "number" ? Math.fround(value) : value,
        ]),
      ),
    }));
    expect(graph.nodes).toEqual(inFile);
    expect(graph.initializers).toEqual(original.initializers);
    expect(graph.values).toEqual(original.values);
    const { metadata, producerName, producerVersion } = await readModelFile(path);
    expect(metadata.get("recipe")).toBe("at-alp");
    expect(metadata.get("architecture")).toBe("resnet-mini");
    expect(producerName).toBe("holdfast");
    expect(metadata.get("tool_version")).toBe(producerVersion);
    expect(producerVersion).toMatch(/^\d+\.\d+\.\d+/);
  });

  it("is refused with extra preprocessing, or with inconsistent metadata", async () => {
    const path = join(folder, "own-2.onnx");
    await saveClassifier(own, path);
    await expect(loadClassifier(path, { range: 255 })).rejects.toThrow(UsageError);
    const model = await readModelFile(path);
    const damaged = (key: string, value: string): Model => ({
      ...model,
      metadata: new Map([...model.metadata, [key, value]]),
    });
    expect(() => load(damaged("class_names", '["a"]'))).toThrow(/3 logits, but 1/);
    expect(() => load(damaged("class_names", "[1"))).toThrow(/damaged metadata: classNames/);
    expect(() => load(damaged("taps", '[{"name":"g","value":"none"}]'))).toThrow(/not a value of the graph/);
    expect(() => load(damaged("parameters", '["none"]'))).toThrow(/lacks weights.*none/);
    expect(() => load(damaged("holdfast_format", "2"))).toThrow(/format "2"/);
  });

  it("has its taps guessed if another tool rewrote it", async () => {
    for (const name of ["resnet-mini", "resnet18", "resnet50"]) {
      const { taps, graph, ...rest } = createClassifier(name, {
        ...own,
        height: 64,
        width: 72,
        random: createGenerator(0),
      });
      const path = join(folder, "bare.onnx");
      await saveClassifier({ taps, graph, ...rest }, path);
      const bare: Model = { ...(await readModelFile(path)), metadata: new Map() };
      expect(load(bare).taps, name).toEqual(taps);
      expect(load(bare).parameters.length, name).toBe(rest.parameters.length);
    }
  });
});
