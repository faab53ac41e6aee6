import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sha256Of } from "../../files/index.js";
import { findRecipe } from "../../defences/index.js";
import {
  createClassifier,
  headOf,
  IMAGENET_NORMALIZATION,
  loadClassifier,
  saveClassifier,
  writeSafetensors,
  type Classifier,
} from "../../models/index.js";
import { createGenerator, tensor, type Tensor } from "../../tensor/index.js";
import {
  DEFAULT_TRAINING,
  readRunConfig,
  resumeRun,
  SCHEDULES,
  trainRun,
  type RunOptions,
} from "../index.js";

let root = "";
let weights = "";
let exported = "";
let pretrained: Classifier;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-initial-"));
  const image = { channels: 3, height: 32, width: 32 };
  // Ten classes where the data have seventeen, another seed than the runs'.
  pretrained = createClassifier("resnet-mini", {
    ...image,
    classNames: Array.from("abcdefghij"),
    random: createGenerator(77),
    normalization: IMAGENET_NORMALIZATION,
  });
  const tensors = new Map<string, Tensor>([
    ["module.bn1.num_batches_tracked", tensor("int64", [], BigInt64Array.of(5n))],
  ]);
  for (const name of namesOf(pretrained))
    tensors.set(`module.${name}`, pretrained.graph.initializers.get(name)!);
  weights = join(root, "pretrained.safetensors");
  await writeFile(weights, writeSafetensors(tensors));
  exported = join(root, "pretrained.onnx");
  await saveClassifier(pretrained, exported, {});
});
afterAll(() => rm(root, { recursive: true }));

const namesOf = ({ parameters, buffers }: Classifier): string[] => [...parameters, ...buffers];

function run(name: string, trunkLearningRate: number, more: Partial<RunOptions> = {}): RunOptions {
  return {
    data: "flowers",
    dataOptions: { size: { height: 32, width: 32 }, perClass: 4 },
    model: "resnet-mini",
    initial: weights,
    out: join(root, name),
    tool: { name: "holdfast", version: "test" },
    settings: {
      ...DEFAULT_TRAINING,
      recipe: findRecipe("undefended"),
      // 68 images in batches of 34: two steps an epoch.
      epochs: 0.5,
      batchSize: 34,
      optimiser: { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
      learningRate: 0.05,
      schedule: SCHEDULES.constant,
      trunkLearningRate,
      validation: { images: 0, every: 1, steps: 1 },
      seed: 0,
      threads: 1,
    },
    ...more,
  };
}

const dataOf = (classifier: Classifier, name: string): Float32Array =>
  classifier.graph.initializers.get(name)!.data as Float32Array;

describe("a run that begins with published weights", () => {
  test("keeps a frozen trunk bit for bit, statistics too, and trains the head", async () => {
    const { folder, model } = await trainRun(run("frozen", 0));
    const trained = await loadClassifier(model);
    const head = headOf(trained);
    for (const name of namesOf(pretrained).filter((each) => !head.has(each))) {
      expect(dataOf(trained, name), name).toEqual(dataOf(pretrained, name));
    }
    expect(dataOf(trained, "fc.weight")).toHaveLength(17 * 64);
    expect(trained.graph.nodes.some(({ op }) => op === "Sub")).toBe(true);
    expect((await readRunConfig(folder)).initial).toEqual({
      file: "pretrained.safetensors",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      kept: expect.stringMatching(/^[0-9a-f]{64}$/),
      copied: namesOf(pretrained).length - 2,
      newHead: true,
      normalised: true,
    });
  });

  test("moves a slow trunk by that share of a full step, and the head by the whole", async () => {
    const fresh = await loadClassifier((await trainRun(run("still", 0))).model);
    const whole = await loadClassifier((await trainRun(run("whole", 1))).model);
    const slow = await loadClassifier((await trainRun(run("slow", 0.25))).model);
    expect(dataOf(slow, "fc.weight")).toEqual(dataOf(whole, "fc.weight"));
    expect(dataOf(fresh, "fc.weight")).not.toEqual(dataOf(whole, "fc.weight"));
    const before = dataOf(pretrained, "layer2.0.conv1.weight");
    const moved = (to: Classifier): number[] =>
      Array.from(dataOf(to, "layer2.0.conv1.weight"), (value, i) => value - before[i]!);
    const [all, part] = [moved(whole), moved(slow)];
    const largest = Math.max(...all.map(Math.abs));
    expect(largest).toBeGreaterThan(1e-5);
    part.forEach((value, i) => expect(Math.abs(value - 0.25 * all[i]!)).toBeLessThan(1e-3 * largest));
  });

  test("reads pixels as a model of ours did that is begun with", async () => {
    const plain = join(root, "plain.onnx");
    const { channels, height, width, classNames } = pretrained;
    const random = createGenerator(77);
    await saveClassifier(
      createClassifier("resnet-mini", { channels, height, width, classNames, random }),
      plain,
      {},
    );
    const { model, config } = await trainRun(run("plain", 0, { initial: plain }));
    expect(config.initial!.normalised).toBe(false);
    expect((await loadClassifier(model)).graph.nodes.some(({ op }) => op === "Sub")).toBe(false);
  });

  test("begins with the model of a finished run, and not where that has changed", async () => {
    const { folder, model } = await trainRun(run("source", 0));
    const { config } = await trainRun(run("from-run", 0, { initial: folder }));
    expect(config.initial).toMatchObject({ file: "model.onnx", sha256: sha256Of(await readFile(model)) });
    const bytes = await readFile(model);
    bytes[bytes.length - 3]! ^= 1;
    await writeFile(model, bytes);
    await expect(trainRun(run("from-changed", 0, { initial: folder }))).rejects.toThrow(
      /model\.onnx: its bytes have changed/,
    );
  });

  test("begins the same with an ONNX export that kept the names", async () => {
    const a = await readFile((await trainRun(run("from-onnx", 0.25, { initial: exported }))).model);
    expect(a.equals(await readFile(join(root, "slow", "model.onnx")))).toBe(true);
  });

  test("stopped, goes on without the file to the same bytes", async () => {
    const controller = new AbortController();
    const options = run("stopped", 0.25);
    const settings = { ...options.settings, epochs: 2 };
    const wanted = await trainRun({ ...options, settings, out: join(root, "unstopped") });
    const onEvent = (event: { readonly type: string; readonly step?: number }): void => {
      if (event.type === "step" && event.step === 2) controller.abort();
    };
    await expect(trainRun({ ...options, settings }, { signal: controller.signal, onEvent })).rejects.toThrow(
      "--resume",
    );
    const moved = join(root, "elsewhere.safetensors");
    await writeFile(moved, await readFile(weights));
    await rm(weights);
    const kept = join(options.out, "initial.safetensors");
    const bytes = await readFile(kept);
    await writeFile(
      kept,
      bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)),
    );
    await expect(resumeRun(options.out)).rejects.toThrow(/initial\.safetensors: its bytes have changed/);
    await writeFile(kept, bytes);
    const { model } = await resumeRun(options.out);
    await writeFile(weights, await readFile(moved));
    expect((await readFile(model)).equals(await readFile(wanted.model))).toBe(true);
  });

  test("of another architecture: every tensor that does not fit is listed", async () => {
    const other = run("other", 1, { model: "resnet18-narrow" });
    await expect(trainRun(other)).rejects.toThrow(
      /"layer4.0.conv1.weight" is missing[^]*Choose the architecture/,
    );
    const folded = run("folded", 1, { model: "resnet18-narrow", initial: exported });
    await expect(trainRun(folded)).rejects.toThrow(/TrainingMode.PRESERVE/);
  });

  test("in a pickle is refused with the line that converts it, gray images with the remedy", async () => {
    const pickle = join(root, "weights.pth");
    await writeFile(pickle, "x");
    await expect(trainRun(run("pickle", 1, { initial: pickle }))).rejects.toThrow(
      /torch\.load\(.*weights_only=True/,
    );
    const gray = run("gray", 1);
    const dataOptions = { ...gray.dataOptions, channels: 1 };
    await expect(trainRun({ ...gray, dataOptions })).rejects.toThrow(/--channels 3/);
  });
});
