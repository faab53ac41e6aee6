import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import { smallNetwork } from "../../test/small-network.js";
import { writeSmallPhotos } from "../../test/small-photos.js";
import { comparisonSchema } from "../gate/index.js";
import { saveClassifier } from "../models/index.js";

let root = "";
const at = (name: string): string => join(root, name);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-compare-"));
  await writeSmallPhotos(at("photos/test"));
  await saveClassifier(smallNetwork(), at("a.onnx"));
  await saveClassifier(smallNetwork(), at("b.onnx"));
});
afterAll(() => rm(root, { recursive: true }));

const measured = (): string[] =>
  `--data ${root}/photos:test --threads 1 --epsilon 0.15 --attack pgd --steps 2`.split(" ");

test("models are compared on the same images, and a copy is no different", async () => {
  const out = ["--out", at("compare.json")];
  const { code, stdout, stderr } = await holdfast([
    "compare",
    at("a.onnx"),
    at("b.onnx"),
    ...measured(),
    ...out,
  ]);
  expect(code, stderr).toBe(0);
  const comparison = comparisonSchema.parse(JSON.parse(await readFile(at("compare.json"), "utf8")));
  expect(comparison.measurements.map(({ pValue }) => pValue)).toEqual([1, 1]);
  expect(comparison.transfer.map(({ source, model }) => [source, model])).toEqual(
    [
      ["b", "a"],
      ["a", "b"],
    ].sort(),
  );
  expect(comparison.models.every(({ bytes, milliseconds }) => bytes! > 0 && milliseconds! > 0)).toBe(true);
  expect(stdout).toMatch(/clean .* 1\.0000 .* 0 \/ 0/);
}, 120_000);

test("results are compared without the models; one model of each", async () => {
  for (const name of ["a", "b"]) {
    const args = [...measured(), "--no-checks", "--examples", "0", "--out", at(`${name}.json`)];
    expect((await holdfast(["evaluate", at(`${name}.onnx`), ...args])).code).toBe(0);
  }
  const { code, stdout, stderr } = await holdfast(["compare", at("a.json"), at("b.json"), "--json"]);
  expect(code, stderr).toBe(0);
  expect(comparisonSchema.parse(JSON.parse(stdout)).transfer).toEqual([]);
  const mixed = await holdfast(["compare", at("a.json"), at("b.onnx")]);
  expect([mixed.code, mixed.stderr]).toEqual([
    2,
    expect.stringContaining("is a result, but the other one is a model"),
  ]);
}, 120_000);
