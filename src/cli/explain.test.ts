import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import { createClassifier, saveClassifier } from "../models/index.js";
import { createGenerator } from "../tensor/index.js";

let root = "";
let model = "";
const quick = [
  "--data",
  "mnist:test",
  "--limit",
  "2",
  "--steps",
  "1",
  "--integration-steps",
  "2",
  "--threads",
  "1",
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-explain-"));
  model = join(root, "model.onnx");
  const options = {
    channels: 1,
    height: 28,
    width: 28,
    classNames: [..."0123456789"],
    random: createGenerator(3),
  };
  await saveClassifier(createClassifier("resnet-mini", options), model);
});
afterAll(() => rm(root, { recursive: true }));

test("sheets, overlays and arrays of clean and adversarial images; a folder of another run is left alone", async () => {
  const out = join(root, "why");
  const { code, stdout, stderr } = await holdfast(["explain", model, ...quick, "--out", out, "--json"]);
  expect(code, stderr).toBe(0);
  const facts = JSON.parse(stdout) as {
    tap: string;
    images: { rows: { name: string; predicted: string; explained: string; completenessGap: number }[] }[];
  };
  expect(facts.tap).toBe("group-2");
  expect(facts.images.map(({ rows }) => rows.map(({ name }) => name))).toEqual([
    ["clean", "PGD, L∞ 0.3"],
    ["clean", "PGD, L∞ 0.3"],
  ]);
  for (const { rows } of facts.images) for (const row of rows) expect(row.explained).toBe(row.predicted);
  const files = await readdir(out);
  expect(files).toHaveLength(2 * (1 + 2 * 4) + 2);
  expect(files).toContain("2-adversarial-integrated-gradients.png");
  expect(JSON.parse(await readFile(join(out, "explanations.json"), "utf8"))).toEqual(facts);
  const sheet = await sharp(
    join(
      out,
      files.find((name) => name.startsWith("1-sheet"))!,
    ),
  ).metadata();
  expect([sheet.width, sheet.height]).toEqual([168 + 5 * 232 + 8, 58 + 2 * 232 + 8]);
  const bytes = await readFile(join(out, "explanations.npz"), "latin1");
  for (const name of [
    "label",
    "file",
    "clean_image",
    "adversarial_predicted",
    "clean_saliency",
    "clean_completeness_gap",
  ])
    expect(bytes).toContain(`${name}.npy`);
  expect(bytes).toContain("'shape': (2, 1, 28, 28)");
  const again = await holdfast(["explain", model, ...quick, "--out", out]);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain("is not empty");
});

test("one method of the clean images alone, of the true class", async () => {
  const out = join(root, "label");
  const options = ["--attack", "none", "--method", "saliency", "--of", "label", "--out", out, "--json"];
  const { code, stdout, stderr } = await holdfast(["explain", model, ...quick, ...options]);
  expect(code, stderr).toBe(0);
  const { tap, images } = JSON.parse(stdout) as {
    tap: string | null;
    images: { label: string; rows: { explained: string }[] }[];
  };
  expect(tap).toBeNull();
  for (const { label, rows } of images) expect(rows.map(({ explained }) => explained)).toEqual([label]);
  expect(await readdir(out)).toEqual(
    expect.arrayContaining(["1-clean-saliency.png", "2-clean-saliency.png"]),
  );
});

test("a tap that is not there is named before anything is attacked", async () => {
  const out = join(root, "never");
  const { code, stderr } = await holdfast(["explain", model, ...quick, "--tap", "group-9", "--out", out]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/tap "group-9".*neither a tap nor a value/);
  expect(await readdir(root)).not.toContain("never");
});
