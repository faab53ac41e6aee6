import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import { smallNetwork } from "../../test/small-network.js";
import { writeSmallPhotos } from "../../test/small-photos.js";
import type { Result } from "../evaluation/index.js";
import { saveClassifier } from "../models/index.js";
import { float32 } from "../tensor/index.js";

/** What a number must not be taken for, on the command line. */
let root = "";
const common = (): string[] => ["--data", `${root}/photos:test`, "--steps", "5", "--threads", "1"];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-false-"));
  await writeSmallPhotos(join(root, "photos", "test"));
  await saveClassifier(smallNetwork(), join(root, "plain.onnx"));
  const rounded = smallNetwork({
    input: (g, x) => g.op("Div", [g.op("Round", [g.op("Mul", [x, g.scalar(4)])]), g.scalar(4)]),
  });
  await saveClassifier(rounded, join(root, "rounded.onnx"));
  // NaN of class 2, whatever the image: without a check the greatest of the others would be its answer.
  const nan = smallNetwork({ output: (g, z) => g.op("Add", [z, g.constant(float32([3], [0, 0, NaN]))]) });
  await saveClassifier(nan, join(root, "nan.onnx"));
  const mixing = smallNetwork({ output: (g, z) => g.op("Softmax", [z], { axis: 0 }) });
  await saveClassifier(mixing, join(root, "mixing.onnx"));
});
afterAll(() => rm(root, { recursive: true }));

test("a model without a gradient is not robust: attack warns, and evaluate --fail-below does not pass", async () => {
  const model = join(root, "rounded.onnx");
  const attacked = await holdfast(["attack", model, ...common(), "--epsilon", "0.01", "--json"]);
  expect(attacked.code, attacked.stderr).toBe(0);
  expect(attacked.stderr).toMatch(
    /serious: PGD-5 on rounded.*the gradient was zero for 48 of 48 images.*Round \(/,
  );
  const { zeroGradient, warnings } = JSON.parse(attacked.stdout) as Record<string, unknown>;
  expect(zeroGradient).toMatchObject({ images: 48 });
  expect(warnings).toMatchObject([{ code: "zero-gradient", severity: "serious" }]);
  const out = ["--out", join(root, "result.json"), "--examples", "0"];
  const gate = ["--epsilon", "0.01", "--fail-below", "0.01", ...out];
  const gated = await holdfast(["evaluate", model, ...common(), ...gate]);
  expect([gated.code, gated.stderr]).toEqual([1, expect.stringContaining("--fail-below has not passed")]);
  expect((await holdfast(["evaluate", join(root, "plain.onnx"), ...common(), ...gate])).code).toBe(0);
});

test("where rounding hides the gradient AutoAttack's Square breaks what gradients left, and the result warns of it", async () => {
  const out = join(root, "standard.json");
  const given = ["--data", `${root}/photos:test`, "--limit", "12", "--threads", "1", "--examples", "0"];
  const args = [
    join(root, "rounded.onnx"),
    ...given,
    "--attack",
    "standard",
    "--epsilon",
    "0.2",
    "--out",
    out,
  ];
  const { code, stdout, stderr } = await holdfast(["evaluate", ...args]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(
    /AutoAttack on rounded \(L∞, ε = 0\.2\): \d+ right; APGD broke \d+, .*Square [1-9]\d*; /,
  );
  expect(stdout).toMatch(
    /(serious|warning): AutoAttack on rounded.*: Square, which uses no gradient, broke \d+ of the \d+ /,
  );
  const { warnings } = JSON.parse(await readFile(out, "utf8")) as Result;
  const messages = new Map(warnings.map(({ code: each, message }) => [each, message]));
  expect(messages.get("few-classes")).toMatch(/^rounded: .* the model has 3\. APGD-T raised the margin/);
  expect(messages.get("zero-gradient")).toContain("Only Square, which uses none, searched there.");
});

test("an answer with NaN is wrong, on clean images, under attack and by transfer, and is warned of", async () => {
  const [nan, plain, out] = ["nan.onnx", "plain.onnx", "nan.json"].map((name) => join(root, name));
  const args = [...common(), "--epsilon", "0.01", "--examples", "2", "--out", out!];
  const { code, stdout, stderr } = await holdfast(["evaluate", plain!, nan!, ...args]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(
    /serious: nan: for 48 of 48 clean images its logits were NaN\. These images count as wrong/,
  );
  const { measurements, warnings } = JSON.parse(await readFile(out!, "utf8")) as Result;
  const own = measurements.filter(({ model }) => model === "nan");
  expect(own.map(({ kind, correct }) => [kind, correct])).toEqual([
    ["transfer", 0],
    ["clean", 0],
    ["white-box", 0],
  ]);
  const warned = warnings
    .filter(({ code: each }) => each === "non-finite")
    .map(({ measurements: [id] }) => id);
  expect(warned).toEqual(expect.arrayContaining(own.map(({ id }) => id)));
  const why = [
    "explain",
    nan!,
    ...common(),
    "--limit",
    "2",
    "--method",
    "saliency",
    "--out",
    join(root, "why"),
  ];
  const explained = await holdfast(why);
  expect([explained.code, explained.stderr]).toEqual([
    3,
    expect.stringMatching(/\.png \(clean\): .*logits are NaN/),
  ]);
});

test.each(["attack", "evaluate"])("%s refuses a model that mixes the images of a batch", async (command) => {
  const { code, stderr } = await holdfast([command, join(root, "mixing.onnx"), ...common()]);
  expect([code, stderr]).toEqual([3, expect.stringMatching(/other images of its batch.*--batch-size 1/s)]);
});

test("a target that an image has already is no success", async () => {
  const args = [
    "attack",
    join(root, "plain.onnx"),
    ...common(),
    "--target",
    "a",
    "--epsilon",
    "1e-9",
    "--json",
  ];
  const { code, stdout, stderr } = await holdfast(args);
  expect(code, stderr).toBe(0);
  const { images, leftOut, success, robust, clean } = JSON.parse(stdout) as {
    images: number;
    leftOut: number;
    success: { accuracy: number };
    robust: { accuracy: number };
    clean: { accuracy: number };
  };
  expect(images + leftOut).toBe(48);
  expect(leftOut).toBeGreaterThanOrEqual(16);
  expect(success.accuracy).toBe(0);
  expect(robust.accuracy).toBeLessThanOrEqual(clean.accuracy);
});
