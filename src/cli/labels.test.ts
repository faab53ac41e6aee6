import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import { smallNetwork } from "../../test/small-network.js";
import { writeSmallPhotos } from "../../test/small-photos.js";
import type { CleanMeasurement, Result } from "../evaluation/index.js";
import { saveClassifier } from "../models/index.js";

/** Data with two of a model's three classes. */
let root = "";
const attack = ["--epsilon", "0.01", "--steps", "2", "--threads", "1"];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-labels-"));
  await saveClassifier(smallNetwork(), join(root, "model.onnx"));
  await writeSmallPhotos(join(root, "some"), (label) => ["C", undefined, "a"][label]);
  await writeSmallPhotos(join(root, "other"), (label) => ["wolf", undefined, "fox"][label]);
});
afterAll(() => rm(root, { recursive: true }));

test("evaluate counts the largest of all outputs, and its result names the model's classes", async () => {
  const [out, page] = [join(root, "result.json"), join(root, "report.html")];
  const args = ["evaluate", join(root, "model.onnx"), ...attack, "--examples", "0", "--out", out];
  const { code, stderr } = await holdfast([...args, "--data", join(root, "some"), "--report", page]);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("classes: 2 of the model's 3 outputs: C → 2 c, a → 0");
  const result = JSON.parse(await readFile(out, "utf8")) as Result;
  expect(result.dataset.classNames).toEqual(["a", "b", "c"]);
  expect(result.dataset.classCounts[1]).toBe(0);
  expect(result.statements).toContainEqual(expect.stringContaining("cover 2 of the 3 classes"));
  const clean = result.measurements.find((each): each is CleanMeasurement => each.kind === "clean")!;
  // The folders are called by each other's class: no image is where its picture belongs.
  expect(new Set(clean.perImage!.label)).toEqual(new Set([0, 2]));
  expect(clean.accuracy).toBeLessThan(0.2);
  expect(await readFile(page, "utf8")).toMatch(/c \(\d+\), and 1 without images/);
});

test("attack takes a map, a file of names, and targets by name", async () => {
  const map = join(root, "map.csv");
  await writeFile(map, "class,output\nwolf,one\nfox,2\n");
  await writeFile(join(root, "labels.txt"), "one\ntwo\nthree\n");
  const labels = ["--labels", join(root, "labels.txt")];
  const args = ["attack", join(root, "model.onnx"), ...attack, "--data", join(root, "other"), ...labels];
  const { code, stdout, stderr } = await holdfast([...args, "--class-map", map, "--target", "TWO", "--json"]);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("fox → 2 three, wolf → 0 one");
  expect((JSON.parse(stdout) as { clean: { accuracy: number } }).clean.accuracy).toBeGreaterThan(0.8);
  const unknown = await holdfast(args);
  expect([unknown.code, unknown.stderr]).toEqual([
    3,
    expect.stringMatching(/has no class "fox", "wolf"\n {4}the model's +the data's\n {4}0 one +0 fox/),
  ]);
  const overwritten = await holdfast([...args, "--class-map", map, "--save", map]);
  expect(overwritten.code).toBe(2);
});
