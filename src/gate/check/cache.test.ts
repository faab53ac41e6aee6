import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hashData, hashModel } from "./cache.js";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-cache-"));
  await mkdir(join(root, "onnx"));
  await writeFile(join(root, "onnx/model.onnx"), "bytes");
});
afterEach(() => rm(root, { recursive: true }));

const model = (): Promise<string | undefined> => hashModel(join(root, "onnx/model.onnx"));

describe("a model is another one", () => {
  test.each([
    ["with other bytes", "onnx/model.onnx"],
    ["with a description beside it", "onnx/model.yaml"],
    ["with names of classes beside it", "onnx/labels.txt"],
    ["with the configuration that Optimum writes above it", "preprocessor_config.json"],
  ])("%s", async (_, file) => {
    const before = await model();
    expect(await model()).toBe(before);
    await writeFile(join(root, file), "other");
    const after = await model();
    expect(after).not.toBe(before);
    await writeFile(join(root, file), "another");
    expect(await model()).not.toBe(after);
  });

  test("not with a file that says nothing of it", async () => {
    const before = await model();
    await writeFile(join(root, "onnx/README.md"), "other");
    expect(await model()).toBe(before);
  });

  test("and none where its external data are missing", async () => {
    await writeFile(join(root, "onnx/model.onnx"), "\n\u0008location\u0012\u0007weights");
    expect(await model()).toBeUndefined();
    await writeFile(join(root, "onnx/weights"), "w");
    expect(await model()).toBeDefined();
  });
});

test("images are others with another name, other bytes, or another split asked for", async () => {
  const at = (name: string): string => join(root, name);
  await mkdir(at("photos/cat"), { recursive: true });
  await writeFile(at("photos/cat/1.png"), "a");
  const whole = await hashData(at("photos"));
  expect(await hashData(at("photos"))).toBe(whole);
  expect(await hashData(`${at("photos")}:test`)).not.toBe(whole);
  await writeFile(at("photos/cat/1.png"), "b");
  const changed = await hashData(at("photos"));
  expect(changed).not.toBe(whole);
  await writeFile(at("photos/cat/2.png"), "b");
  expect(await hashData(at("photos"))).not.toBe(changed);
  expect(await hashData(at("photos.csv"))).toBe(at("photos.csv"));
});
