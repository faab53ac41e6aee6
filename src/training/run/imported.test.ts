import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { relativeError } from "../../../test/fixture.js";
import { importedRun, noticesOf } from "../../../test/runs/imported-run.js";
import { smallTransformer } from "../../../test/small-transformer.js";
import { InputError, InterruptedError, UsageError } from "../../errors/index.js";
import { headOf, loadClassifier } from "../../models/index.js";
import { readModelFile, writeModelFile } from "../../onnx/index.js";
import { createGenerator } from "../../tensor/index.js";
import { defendedAtTest, readRunConfig, resumeRun, trainRun, type RunOptions } from "../index.js";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/${name}.onnx`, import.meta.url));
const RESIDUAL = fixture("onnx/residual-17");
const FIVE = ["daisy", "sunflower", "tulip", "iris", "aster"];

let root = "";
let transformer = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-imported-"));
  transformer = join(root, "transformer.onnx");
  await writeModelFile(transformer, smallTransformer());
});
afterAll(() => rm(root, { recursive: true }));

const run = (name: string, model: string, more: Partial<RunOptions> = {}, recipe = "at-alp"): RunOptions =>
  importedRun(root, name, model, more, recipe);

async function answers(path: string, shape: readonly number[], pixels: Float32Array): Promise<Float32Array> {
  const session = await InferenceSession.create(path);
  const result = await session.run({ [session.inputNames[0]!]: new OrtTensor("float32", pixels, shape) });
  const numbers = Float32Array.from(result[session.outputNames[0]!]!.data as Float32Array);
  await session.release();
  return numbers;
}

describe("a run from an ONNX file", () => {
  const folder = (): string => join(root, "residual");
  let notices: string[] = [];
  beforeAll(async () => {
    notices = await noticesOf(run("residual", RESIDUAL));
  });

  test("keeps the file, reads the images as it takes them, draws a last layer and says so", async () => {
    expect((await readdir(folder())).sort()).toEqual([
      "checkpoints",
      "config.json",
      "exported.onnx",
      "exported.yaml",
      "log.jsonl",
      "manifest.json",
      "model.onnx",
      "source.onnx",
    ]);
    const config = await readRunConfig(folder());
    expect(config.image).toEqual({ channels: 3, height: 16, width: 16 });
    expect(config.imported).toMatchObject({ file: "residual-17.onnx", newHead: true });
    expect(notices).toEqual([
      "residual-17.onnx: 9 weights of 2,569 numbers are trained",
      "residual-17.onnx: has 5 classes, but the data have 17: it gets a new last layer (--head new)",
    ]);
  });

  test("ends in our classifier and the file's own with the same answers", async () => {
    const pixels = createGenerator(1)
      .stream("x")
      .fillUniform(new Float32Array(2 * 3 * 256), 0, 1);
    const shape = [2, 3, 16, 16];
    const [ours, theirs] = [
      await answers(join(folder(), "model.onnx"), shape, pixels),
      await answers(join(folder(), "exported.onnx"), shape, pixels),
    ];
    expect(ours.length).toBe(34);
    expect(relativeError(theirs, ours)).toBeLessThan(1e-5);
    const [before, after] = [
      await readModelFile(RESIDUAL),
      await readModelFile(join(folder(), "exported.onnx")),
    ];
    expect(after).toMatchObject({ irVersion: before.irVersion, opsets: before.opsets });
    expect([after.graph.inputs, after.graph.outputs[0]]).toEqual([
      before.graph.inputs,
      { ...before.graph.outputs[0]!, shape: ["batch", 17] },
    ]);
    expect(JSON.parse(after.metadata.get("class_names")!)).toHaveLength(17);
    expect((await loadClassifier(join(folder(), "model.onnx"))).classNames).toHaveLength(17);
  });

  test("stopped, goes on without the file to the same bytes", async () => {
    const copy = join(root, "copy.onnx");
    await writeFile(copy, await readFile(RESIDUAL));
    const options = run("stopped", copy);
    const abort = new AbortController();
    const stopped = await trainRun(options, {
      signal: abort.signal,
      onEvent: (event) => void (event.type === "step" && event.step === 2 && abort.abort()),
    }).catch((error: unknown) => error);
    expect(stopped).toBeInstanceOf(InterruptedError);
    await rm(copy);
    await resumeRun(options.out);
    for (const name of ["model.onnx", "exported.onnx"]) {
      expect(
        (await readFile(join(options.out, name))).equals(await readFile(join(folder(), name))),
        name,
      ).toBe(true);
    }
  });

  test("refuses a changed source and a changed export", async () => {
    const options = run("changed", RESIDUAL);
    const abort = new AbortController();
    await trainRun(options, {
      signal: abort.signal,
      onEvent: (event) => void (event.type === "step" && abort.abort()),
    }).catch(() => {});
    const source = join(options.out, "source.onnx");
    const bytes = await readFile(source);
    await writeFile(source, Buffer.concat([bytes, Buffer.of(0)]));
    await expect(resumeRun(options.out)).rejects.toThrow(/source.onnx: its bytes have changed/);
    await writeFile(source, bytes);
    await resumeRun(options.out);
    await rm(join(options.out, "exported.onnx"));
    await expect(resumeRun(options.out)).rejects.toThrow(/exported.onnx: does not exist/);
  });

  test("can be begun from again, as from any file", async () => {
    const said = await noticesOf(run("again", folder(), {}, "pat"));
    expect(said.at(-1)).toBe("model.onnx: has the data's classes: its last layer is kept");
    expect((await defendedAtTest(join(root, "again"), undefined)).classNames).toHaveLength(17);
  });
});

test("channels last and gray levels: the file goes on taking them, its softmax stays", async () => {
  // The order of its axes shows in its shape.
  const imported = { options: { range: 255 } } as const;
  await trainRun(run("last", fixture("foreign-channels-last"), { imported }));
  const exported = await readModelFile(join(root, "last", "exported.onnx"));
  expect(exported.graph.inputs[0]).toMatchObject({ name: "pixels", shape: ["batch", 20, 20, 3] });
  const pixels = new Float32Array(1200).fill(0.5);
  const logits = await answers(join(root, "last", "model.onnx"), [1, 3, 20, 20], pixels);
  const shares = await answers(
    join(root, "last", "exported.onnx"),
    [1, 20, 20, 3],
    pixels.map((value) => 255 * value),
  );
  const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
  expect(
    relativeError(
      shares,
      logits.map((value) => Math.exp(value) / total),
    ),
  ).toBeLessThan(1e-5);
});

describe("a transformer", () => {
  const classes = { perClass: 4, classes: FIVE };

  test("is trained by attention pairing over its tokens, its head kept for as many classes", async () => {
    const options = run("transformer", transformer, { dataOptions: classes });
    const said = await noticesOf(options);
    expect(said.at(-1)).toContain(
      "names no classes; its 5 outputs are assumed to be the data's classes in order",
    );
    const { graph, taps } = await loadClassifier(join(options.out, "model.onnx"));
    expect(taps.at(-1)!.tokens).toEqual({ skip: 1, grid: [4, 4] });
    const before = (await loadClassifier(transformer)).graph.initializers;
    for (const name of ["position", "0.q", "0.scale", "head.bias"]) {
      expect(graph.initializers.get(name)!.data, name).not.toEqual(before.get(name)!.data);
    }
    expect(graph.initializers.get("mask")!.data).toEqual(before.get("mask")!.data);
  });

  test("with a frozen trunk trains its head alone", async () => {
    const options = run("frozen", transformer, { dataOptions: classes }, "at");
    await trainRun({ ...options, settings: { ...options.settings, trunkLearningRate: 0 } });
    const after = await loadClassifier(join(options.out, "model.onnx"));
    const before = await loadClassifier(transformer);
    const same = (name: string): boolean =>
      Buffer.from(after.graph.initializers.get(name)!.data.buffer).equals(
        Buffer.from(before.graph.initializers.get(name)!.data.buffer),
      );
    expect(before.parameters.filter((name) => !same(name))).toEqual(["head.weight", "head.bias"]);
    expect([...headOf(after)]).toEqual(["head.weight", "head.bias"]);
  });
});

describe("what does not go together is said before the first step", () => {
  const refused = async (more: Partial<RunOptions>, model = RESIDUAL, recipe = "at-alp"): Promise<Error> => {
    const options = run("refused", model, more, recipe);
    const error = await trainRun(options).catch((e: unknown) => e);
    await expect(readdir(options.out)).rejects.toThrow(/ENOENT/);
    return error as Error;
  };

  test("a head that cannot be kept, layers of a defence, other weights", async () => {
    const head = await refused({ imported: { head: "keep" } });
    expect(head).toBeInstanceOf(InputError);
    expect(head.message).toMatch(/has 5 classes, but flowers:train has 17: its last layer cannot be kept/);
    expect(await refused({}, RESIDUAL, "fd")).toBeInstanceOf(UsageError);
    expect((await refused({ initial: "resnet50.safetensors" })).message).toMatch(/has its own weights/);
  });

  test("images of another size than layers allow, and of no taps for attention pairing", async () => {
    const other = await refused(
      { dataOptions: { perClass: 2, size: { height: 12, width: 12 } } },
      transformer,
    );
    expect(other.message).toMatch(/cannot be read for images other than its own/);
    const imported = { options: { taps: [] } };
    expect((await refused({ imported })).message).toMatch(/no spatial activations.*attention pairing/s);
  });
});
