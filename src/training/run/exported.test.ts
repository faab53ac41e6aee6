import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { relativeError } from "../../../test/fixture.js";
import { int, ints, modelOf, node, vector } from "../../../test/model.js";
import { importedRun } from "../../../test/runs/imported-run.js";
import { readModelFile, writeModelFile, type Model, type ModelNode } from "../../onnx/index.js";
import { createGenerator, float32, type Tensor } from "../../tensor/index.js";
import { trainRun } from "../index.js";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-exported-"));
});
afterAll(() => rm(root, { recursive: true }));

const SIDE = 8;
const IMAGES = 4;
const AREA = SIDE * SIDE;

/** Values in ± 0.5 from the name. */
function weight(name: string, ...shape: number[]): Tensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  return float32(shape, createGenerator(8).stream(name).fillUniform(data, -0.5, 0.5));
}

/** A convolution of `h [N, 3, 8, 8]`, pooled, and `logits` of it. */
const layers = (logits: number, output: string): { nodes: ModelNode[]; weights: Record<string, Tensor> } => ({
  nodes: [
    node("Conv", ["h", "conv.weight"], "maps", { pads: ints(1, 1, 1, 1) }),
    node("Relu", ["maps"], "active"),
    node("GlobalAveragePool", ["active"], "pooled"),
    node("Flatten", ["pooled"], "features"),
    node("Gemm", ["features", "fc.weight", "fc.bias"], output, { transB: int(1) }),
  ],
  weights: {
    "conv.weight": weight("conv", 4, 3, 3, 3),
    "fc.weight": weight("fc", logits, 4),
    "fc.bias": weight("bias", logits),
  },
});

/** How pixels in [0, 1], `[N, 3, 8, 8]`, are fed, and what its output makes of two logits. */
interface Kind {
  readonly model: Model;
  readonly feed: (pixels: Float32Array) => OrtTensor;
  readonly output?: (logits: Float32Array) => Float32Array;
}

const plain = layers(2, "y");
const floats = (shape: readonly number[]) => (pixels: Float32Array) =>
  new OrtTensor("float32", pixels, [IMAGES, ...shape]);
const channelsLast = (pixels: Float32Array): Float32Array =>
  pixels.map((_, i) => {
    const [image, place] = [Math.floor(i / (3 * AREA)), i % (3 * AREA)];
    return pixels[(image * 3 + (place % 3)) * AREA + Math.floor(place / 3)]!;
  });
const toFront = node("Transpose", ["x"], "h", { perm: ints(0, 3, 1, 2) });
const asFloat = (from: string, to: string): ModelNode[] => [
  node("Cast", [from], `${to}.float`, { to: int(1) }),
  node("Div", [`${to}.float`, "largest"], to),
];
const bytes = (pixels: Float32Array): Uint8Array =>
  Uint8Array.from(pixels, (value) => Math.round(255 * value));
const single = layers(1, "z");

const KINDS: Record<string, Kind> = {
  "one logit behind a sigmoid": {
    model: modelOf([node("Identity", ["x"], "h"), ...single.nodes, node("Sigmoid", ["z"], "y")], {
      ...single.weights,
    }),
    feed: floats([3, SIDE, SIDE]),
    output: (logits) =>
      Float32Array.from(
        { length: IMAGES },
        (_, i) => 1 / (1 + Math.exp(logits[2 * i]! - logits[2 * i + 1]!)),
      ),
  },
  "pixels in bytes": {
    model: modelOf(
      [...asFloat("x", "h"), ...plain.nodes],
      { ...plain.weights, largest: float32([], [255]) },
      { input: { dtype: "uint8" } },
    ),
    feed: (pixels) => new OrtTensor("uint8", bytes(pixels), [IMAGES, 3, SIDE, SIDE]),
  },
  "images that lie flat": {
    model: modelOf(
      [node("Reshape", ["x", "image"], "h"), ...plain.nodes],
      { ...plain.weights, image: vector(-1, 3, SIDE, SIDE) },
      { input: { shape: ["N", 3 * AREA] } },
    ),
    feed: floats([3 * AREA]),
  },
  "channels last": {
    model: modelOf([toFront, ...plain.nodes], plain.weights, { input: { shape: ["N", SIDE, SIDE, 3] } }),
    feed: (pixels) => floats([SIDE, SIDE, 3])(channelsLast(pixels)),
  },
  "bytes with channels last": {
    model: modelOf(
      [...asFloat("x", "f"), { ...toFront, inputs: ["f"] }, ...plain.nodes],
      { ...plain.weights, largest: float32([], [255]) },
      { input: { dtype: "uint8", shape: ["N", SIDE, SIDE, 3] } },
    ),
    feed: (pixels) => new OrtTensor("uint8", bytes(channelsLast(pixels)), [IMAGES, SIDE, SIDE, 3]),
  },
};

async function answers(path: string, input: OrtTensor): Promise<Float32Array> {
  const session = await InferenceSession.create(path);
  const result = await session.run({ [session.inputNames[0]!]: input });
  const numbers = Float32Array.from(result[session.outputNames[0]!]!.data as Float32Array);
  await session.release();
  return numbers;
}

test.each(Object.keys(KINDS))("a model of %s goes on taking and giving what it did", async (kind) => {
  const { model, feed, output = (logits: Float32Array) => logits } = KINDS[kind]!;
  const path = join(root, "given.onnx");
  await writeModelFile(path, model);
  const dataOptions = {
    perClass: 16,
    classes: ["daisy", "tulip"],
    size: { height: SIDE, width: SIDE },
  };
  const options = importedRun(root, kind, path, { dataOptions }, "at");
  await trainRun(options);
  const [given, exported] = [
    await readModelFile(path),
    await readModelFile(join(options.out, "exported.onnx")),
  ];
  expect(exported.graph.inputs).toEqual(given.graph.inputs);
  expect(exported.graph.outputs).toEqual(given.graph.outputs);
  expect(exported.graph.nodes).toEqual(given.graph.nodes);
  expect(exported.opsets).toEqual(given.opsets);
  for (const name of ["conv.weight", "fc.weight", "fc.bias"]) {
    const [before, after] = [given, exported].map(({ graph }) => graph.initializers.get(name)!);
    expect(after).toMatchObject({ dtype: "float32", shape: before!.shape });
    expect(after!.data, name).not.toEqual(before!.data);
  }
  // Whole numbers over 255, so that bytes hold them.
  const drawn = createGenerator(3)
    .stream("pixels")
    .fillUniform(new Float32Array(IMAGES * 3 * AREA), 0, 255);
  const pixels = drawn.map((value) => Math.round(value) / 255);
  const logits = await answers(
    join(options.out, "model.onnx"),
    new OrtTensor("float32", pixels, [IMAGES, 3, SIDE, SIDE]),
  );
  const theirs = await answers(join(options.out, "exported.onnx"), feed(pixels));
  expect(relativeError(theirs, output(logits))).toBeLessThan(1e-5);
});
