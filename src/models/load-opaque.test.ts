import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTarget, openTarget, planAttack, runAttack, square } from "../attacks/index.js";
import { node } from "../../test/model.js";
import { SMALL_SIZE as SIZE, smallFixture, smallNetwork } from "../../test/small-network.js";
import { unreadModel, type UnreadChanges } from "../../test/unread-model.js";
import { UnreadableModelError } from "../graph/index.js";
import { readModelFile, writeModelFile, type Model } from "../onnx/index.js";
import { createGenerator, int64 } from "../tensor/index.js";
import {
  classifierFromFile,
  loadAnyClassifier,
  loadClassifier,
  type LoadOptions,
  type OpaqueClassifier,
} from "./index.js";
import { opaqueFromFile } from "./load-opaque.js";

const images = smallFixture("images").data as Float32Array;
const labels = smallFixture("labels").data as Int32Array;
const own = createTarget(smallNetwork(), { batchSize: labels.length, threads: 1 });
let folder = "";
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-opaque-"));
});
afterAll(async () => {
  await own.dispose();
  await rm(folder, { recursive: true });
});

async function opaque(model: Model, options: LoadOptions = {}): Promise<OpaqueClassifier> {
  const path = join(folder, `${count++}.onnx`);
  await writeModelFile(path, model);
  const read = await readModelFile(path);
  const error: unknown = await classifierFromFile(read, path, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnreadableModelError);
  return opaqueFromFile(read, path, options, (error as UnreadableModelError).nodes);
}

async function logitsOf(
  classifier: OpaqueClassifier,
  some: Float32Array,
  batchSize = 16,
): Promise<Float32Array> {
  const target = openTarget(classifier, { batchSize, threads: 1 });
  try {
    return await target.logits(some);
  } finally {
    await target.dispose();
  }
}

const furthest = (a: Float32Array, b: Float32Array): number =>
  a.length === b.length ? a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0) : NaN;

it("Square attacks an opaque model just as it attacks the same network read as a graph", async () => {
  const classifier = await opaque(unreadModel());
  expect(classifier).toMatchObject({ channels: 1, height: SIZE, width: SIZE, unnamed: true });
  expect(classifier.unread).toMatchObject([
    { node: "values", op: "Unique", problem: expect.stringContaining("depends on the image") as string },
  ]);
  const planned = planAttack(square, { norm: "linf", epsilon: 0.1 }, { queries: 40 });
  const batch = { images, labels, indices: Uint32Array.from(labels.keys()), size: labels.length };
  const target = openTarget(classifier, { batchSize: 16, threads: 1 });
  const random = createGenerator(1);
  const found = await runAttack(target, planned, batch, { random });
  await target.dispose();
  const expected = await runAttack(own, planned, batch, { random });
  expect([...found.success]).toEqual([...expected.success]);
  expect(found.forwardQueries).toBe(expected.forwardQueries);
  expect(furthest(found.adversarial, expected.adversarial)).toBe(0);
});

describe("the input of an opaque model", () => {
  const eights = images.map((x) => Math.round(255 * x) / 255);

  it.each<[string, UnreadChanges, LoadOptions, number]>([
    ["of integers", { input: { dtype: "uint8" } }, {}, 1e-5],
    ["of doubles", { input: { dtype: "float64" } }, {}, 1e-5],
    ["of halves", { input: { dtype: "float16" } }, {}, 2e-2],
    ["with channels last", { input: { shape: ["N", SIZE, SIZE, 1] } }, { layout: "NHWC" }, 1e-5],
    [
      "of a size that is given",
      { input: { shape: ["N", "c", "h", "w"] } },
      { size: [SIZE, SIZE], channels: 1 },
      1e-5,
    ],
    ["of three images", { input: { shape: [3, 1, SIZE, SIZE] } }, {}, 1e-5],
  ])("%s is computed from pixels in [0, 1]", async (_, changes, options, tolerance) => {
    const classifier = await opaque(unreadModel(changes), options);
    const logits = await logitsOf(classifier, eights);
    expect(furthest(logits, await own.logits(eights))).toBeLessThan(tolerance);
  });

  it("is normalised by the options", async () => {
    const classifier = await opaque(unreadModel(), { mean: [0.25], std: [0.5], range: 1 });
    const logits = await logitsOf(classifier, images);
    expect(furthest(logits, await own.logits(images.map((x) => (x - 0.25) / 0.5)))).toBeLessThan(1e-4);
  });

  it("is refused if its size is open", async () => {
    const model = unreadModel({ input: { shape: ["N", 1, "h", "w"] } });
    await expect(opaqueFromFile(model, "m.onnx", {}, [])).rejects.toThrow(/its size is open[^]*--size/);
  });
});

it("probabilities become their logarithms", async () => {
  const classifier = await opaque(unreadModel({ softmax: true }));
  const logits = await logitsOf({ ...classifier, logarithm: true }, images);
  const plain = await own.logits(images);
  for (let i = 0; i < logits.length; i += 3) {
    expect(logits[i]! - logits[i + 1]!).toBeCloseTo(plain[i]! - plain[i + 1]!, 2);
  }
});

it.each([
  ["RandomUniformLike", ["image"]],
  ["Dropout", ["image", "", "training"]],
])("a model that draws random numbers (%s) is refused", async (op, inputs) => {
  const { graph, ...rest } = unreadModel();
  const drawn = {
    ...graph,
    nodes: [
      node(op, inputs, "r"),
      node("Add", ["image", "r"], "noisy"),
      ...graph.nodes.map((each) => ({
        ...each,
        inputs: each.inputs.map((x) => (x === "image" ? "noisy" : x)),
      })),
    ],
    initializers: new Map([
      ...graph.initializers,
      ["training", { dtype: "bool", shape: [], data: Uint8Array.of(1) } as const],
    ]),
  };
  const path = join(folder, `${count++}.onnx`);
  await writeModelFile(path, { ...rest, graph: drawn });
  const said = `${path}: node "r" (${op}): draws its own random numbers, different at each run
  Export the model in eval mode, which removes this node.`;
  for (const load of [loadClassifier, loadAnyClassifier]) {
    const error: unknown = await load(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnreadableModelError);
    expect((error as UnreadableModelError).message).toBe(said);
  }
});

it("a file with a batch of one gets one image at a time", async () => {
  const model = unreadModel();
  const form = int64([4], [1, 1, SIZE, SIZE]);
  const initializers = new Map([...model.graph.initializers, ["form", form]]);
  const notices: string[] = [];
  const classifier = await opaque(
    { ...model, graph: { ...model.graph, initializers } },
    { onNotice: (text) => notices.push(text) },
  );
  expect(classifier.batchSize).toBe(1);
  expect(notices.at(-1)).toMatch(/it takes one image at a time/);
  expect(furthest(await logitsOf(classifier, images), await own.logits(images))).toBeLessThan(1e-4);
});

it("outputs other than logits, and files that ONNX Runtime cannot run, are refused", async () => {
  const { graph, ...rest } = unreadModel();
  const pictures = { ...graph, outputs: [{ name: "same", dtype: "float32" as const, shape: undefined }] };
  await expect(opaque({ ...rest, graph: pictures })).rejects.toThrow(
    /output "same": is float32\[1, 1, 12, 12\], expected float32\[N, K\]/,
  );
  const unknown = { ...graph, nodes: [node("Unheard", ["image"], "u"), ...graph.nodes] };
  await expect(opaque({ ...rest, graph: unknown })).rejects.toThrow(/could not be opened/);
});
