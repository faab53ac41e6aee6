import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { modelOf, node, real } from "../../../test/model.js";
import { pooled } from "../../../test/small-models.js";
import type { ModelNode } from "../../onnx/index.js";
import { float32, type Tensor } from "../../tensor/index.js";
import { classifierFromModel } from "../load.js";
import {
  findGraphStart,
  readDescription,
  readForeignConfig,
  readNamesBeside,
  writeDescription,
  type GraphStart,
} from "./index.js";

let folder = "";
let model = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-description-"));
  model = join(folder, "net.onnx");
});
afterEach(() => rm(folder, { recursive: true }));
const put = (name: string, content: unknown): Promise<void> =>
  writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));

describe("model.yaml", () => {
  test("keeps what is written, one line per key", async () => {
    const description = {
      mean: [0.5, 0.4, 0.3],
      range: 255,
      channelOrder: "BGR",
      crop: 0.875,
      size: [224, 192],
    } as const;
    expect(await writeDescription(model, { ...description })).toBe(join(folder, "net.yaml"));
    expect(await readDescription(model)).toEqual(description);
    expect(await readFile(join(folder, "net.yaml"), "utf8")).toContain("\nmean: [0.5,0.4,0.3]\nrange: 255\n");
  });

  test("may be absent; a bad key is an error that names it", async () => {
    expect(await readDescription(model)).toBeUndefined();
    await put("net.yaml", "");
    expect(await readDescription(model)).toEqual({});
    for (const [text, problem] of [
      ["means: [0.5]", /net\.yaml: does not describe a model: .*means/],
      ["crop: 1.5", /crop/],
      ["std: 0.5", /std/],
      ["mean: [0.5", /net\.yaml/],
    ] as const) {
      await put("net.yaml", text);
      await expect(readDescription(model)).rejects.toThrow(problem);
    }
  });
});

describe("a normalisation at the start of a graph", () => {
  const start = (
    nodes: readonly ModelNode[],
    constants: Readonly<Record<string, Tensor>> = {},
  ): GraphStart | undefined => {
    const { graph, image, channels } = classifierFromModel(
      modelOf([...nodes, ...pooled("h")], constants),
      "m.onnx",
    );
    return findGraphStart(graph, image, channels);
  };
  const channel = (...values: number[]): Tensor => float32([1, 3, 1, 1], values);
  const scalar = (value: number): Tensor => float32([], [value]);

  test("tells whether pixels range to 1 or to 255", () => {
    const whitened = [node("Sub", ["x", "m"], "c"), node("Div", ["c", "s"], "n"), node("Relu", ["n"], "h")];
    const unit = start(whitened, { m: channel(0.485, 0.456, 0.406), s: channel(0.229, 0.224, 0.225) })!;
    expect(unit.range).toBe(1);
    expect(unit.mean[2]).toBeCloseTo(0.406);
    expect(unit.deviation[0]).toBeCloseTo(0.229);
    const bytes = { m: channel(123.675, 116.28, 103.53), s: channel(58.395, 57.12, 57.375) };
    expect(start(whitened, bytes)!.range).toBe(255);
    const scaled = [node("Mul", ["x", "k"], "c"), node("Add", ["o", "c"], "n"), node("Relu", ["n"], "h")];
    expect(start(scaled, { k: scalar(1 / 127.5), o: scalar(-1) })!.range).toBe(255);
    expect(start(scaled, { k: scalar(2), o: scalar(-1) })!.range).toBe(1);
    const caffe = [node("Sub", ["x", "m"], "n"), node("Relu", ["n"], "h")];
    expect(start(caffe, { m: channel(103.9, 116.8, 123.7) })!.range).toBe(255);
    const divided = [node("Div", ["x", "k"], "n"), node("Relu", ["n"], "h")];
    expect(start(divided, { k: scalar(255) })!.range).toBe(255);
  });

  test("is found in a BatchNormalization by its statistics", () => {
    const norm = node("BatchNormalization", ["x", "one", "zero", "m", "v"], "n", { epsilon: real(1e-5) });
    const of = (m: number, v: number): Record<string, Tensor> => {
      const all = (value: number): Tensor => float32([3], [value, value, value]);
      return { one: all(1.3), zero: all(0.2), m: all(m), v: all(v) };
    };
    expect(start([norm, node("Relu", ["n"], "h")], of(117, 3400))!.range).toBe(255);
    expect(start([norm, node("Relu", ["n"], "h")], of(0.45, 0.06))!.range).toBe(1);
    expect(start([norm, node("Relu", ["n"], "h")], of(0.01, 1))!.range).toBeUndefined();
  });

  test("is not reported where there is none or it changes nothing", () => {
    expect(start([node("Relu", ["x"], "h")])).toBeUndefined();
    expect(start([node("Mul", ["x", "k"], "h")], { k: scalar(1) })!.range).toBeUndefined();
    expect(start([node("Mul", ["x", "k"], "h")], { k: scalar(0) })).toBeUndefined();
    const gated = [node("Sub", ["x", "k"], "s"), node("Mul", ["s", "x"], "h")];
    expect(start(gated, { k: scalar(0.5) })).toBeUndefined();
  });
});

describe("other tools' configuration files", () => {
  const notices: string[] = [];
  const read = async (): Promise<unknown> =>
    (await readForeignConfig(model, (text) => notices.push(text)))?.description;

  test("Hugging Face: mean and deviation of rescaled pixels, and the crop", async () => {
    const config = {
      do_normalize: true,
      image_mean: [0.485, 0.456, 0.406],
      image_std: [0.229, 0.224, 0.225],
      rescale_factor: 0.00392156862745098,
      do_resize: true,
      size: { shortest_edge: 256 },
      do_center_crop: true,
      crop_size: { height: 224, width: 224 },
      resample: 3,
    };
    await put("preprocessor_config.json", config);
    expect(await read()).toEqual({
      mean: config.image_mean,
      std: config.image_std,
      range: 1,
      size: [224, 224],
      crop: 0.875,
      fit: "crop",
      interpolation: "bicubic",
    });
    await put("preprocessor_config.json", {
      ...config,
      do_rescale: false,
      image_mean: [127.5, 127.5, 127.5],
      image_std: [51, 51, 51],
      size: { height: 200, width: 100 },
      do_center_crop: false,
    });
    expect(await read()).toMatchObject({
      range: 255,
      mean: [0.5, 0.5, 0.5],
      std: [51, 51, 51],
      size: [200, 100],
      fit: "stretch",
    });
  });

  test("timm: also nested in an object, and above a folder named onnx", async () => {
    const config = {
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      input_size: [3, 240, 200],
      crop_pct: 0.9,
      interpolation: "bicubic",
    };
    const expected = {
      mean: config.mean,
      std: config.std,
      size: [240, 200],
      crop: 0.9,
      interpolation: "bicubic",
    };
    await put("config.json", { architecture: "x", pretrained_cfg: config });
    expect(await read()).toEqual(expected);
    await put("config.json", config);
    expect(await read()).toEqual(expected);
    await mkdir(join(folder, "onnx"));
    model = join(folder, "onnx", "model.onnx");
    expect(await read()).toEqual(expected);
  });

  test("unrelated files are ignored, damaged ones reported", async () => {
    await put("config.json", { settings: { epochs: 3 } });
    expect(await read()).toBeUndefined();
    await put("preprocessor_config.json", "{");
    expect(await read()).toBeUndefined();
    expect(notices.at(-1)).toMatch(/preprocessor_config\.json: is not JSON.*ignored/);
  });

  test("class names are used if their number matches", async () => {
    await put("labels.txt", "a\nb\n");
    await put("config.json", { id2label: { 0: "cat", 1: "dog", 2: "eel" } });
    const lists = await readNamesBeside(model, () => {});
    expect(lists.map(({ names }) => names)).toEqual([
      ["a", "b"],
      ["cat", "dog", "eel"],
    ]);
    const told: string[] = [];
    const plain = modelOf([node("Relu", ["x"], "h"), ...pooled("h")]);
    const classifier = classifierFromModel(plain, "m.onnx", {
      namesBeside: lists,
      onNotice: (text) => told.push(text),
    });
    expect(classifier.classNames).toEqual(["cat", "dog", "eel"]);
    expect(told).toEqual([
      expect.stringContaining("names 2 classes, but it has 3 logits"),
      expect.stringContaining("class names come from"),
    ]);
    await rm(join(folder, "labels.txt"));
    await put("config.json", { id2label: { 0: "LABEL_0", 1: "LABEL_1" } });
    expect(await readNamesBeside(model, () => {})).toEqual([]);
  });
});
