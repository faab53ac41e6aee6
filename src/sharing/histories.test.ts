import { parse } from "csv-parse/sync";
import { parse as parseYaml } from "yaml";
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { corrupted, evaluated } from "../../test/evaluated.js";
import { HOSTILE } from "../../test/hostile.js";
import { refusalOf } from "../../test/refusal.js";
import { sharedRun } from "../../test/shared-run.js";
import { InputError } from "../errors/index.js";
import { historyCsv, resultCsv } from "./csv.js";
import { writeShared, type SharedFile } from "./files.js";
import { resultHistories } from "./result-history.js";
import { historyOfRun } from "./run-history.js";
import { tensorboardFiles } from "./tensorboard/tensorboard.js";
import { wandbFiles } from "./wandb.js";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-sharing-"));
});
afterAll(() => rm(root, { recursive: true }));

const contentOf = (files: readonly SharedFile[], path: string): string =>
  files.find((file) => file.path === path)!.content as string;
const rowsOf = (jsonl: string): unknown[] =>
  jsonl
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

test("a run that is under way has not ended", async () => {
  const first = {
    type: "step",
    step: 1,
    loss: 2,
    terms: {},
    accuracy: 0.5,
    learningRate: 0.001,
    epsilon: null,
  };
  const folder = await sharedRun(join(root, "under-way"), [{ ...first, seconds: 2 }]);
  expect((await historyOfRun(folder)).ending).toBeUndefined();
});

test("a run that diverged has the history of its log, without the line that was being written", async () => {
  const folder = await sharedRun(join(root, "diverged"));
  await utimes(join(folder, "log.jsonl"), 1_700_000_100, 1_700_000_100);
  const history = await historyOfRun(folder);
  expect(history).toMatchObject({ kind: "training", name: "diverged", ending: "failed", seconds: 30 });
  expect(history.began).toBe(1_700_000_070);
  expect(history.settings).toMatchObject({
    data: "mnist",
    batchSize: 8,
    "recipe.name": "at-alp",
    "recipe.weights.attentionPairing": 0.5,
  });
  expect(history.points).toEqual([
    {
      step: 1,
      seconds: 2.5,
      values: {
        "train/loss": 2.5,
        "train/terms/clean": 2,
        "train/accuracy": 0.25,
        "train/learning_rate": 0.001,
      },
    },
    {
      step: 10,
      seconds: 20,
      values: {
        "train/loss": NaN,
        "train/terms/clean": NaN,
        "train/accuracy": 0.5,
        "train/learning_rate": 0.002,
        "train/epsilon": 0.3,
      },
    },
    {
      step: 10,
      seconds: 30,
      values: { "validation/clean_accuracy": 0.75, "validation/robust_accuracy": 0.5 },
    },
  ]);
  expect(history.notes).toEqual([{ severity: "serious", text: "Step 10: the loss is <lost>" }]);
});

test("W&B's history has a line a step, with what was measured there and when", async () => {
  const folder = await sharedRun(join(root, "run"));
  await utimes(join(folder, "log.jsonl"), 1_700_000_100, 1_700_000_100);
  const files = wandbFiles([await historyOfRun(folder)]);
  expect(files.map(({ path }) => path)).toEqual([
    "run/wandb-history.jsonl",
    "run/wandb-summary.json",
    "run/config.yaml",
  ]);
  const rows = rowsOf(contentOf(files, "run/wandb-history.jsonl"));
  expect(rows).toMatchObject([
    { _step: 1, _runtime: 2.5, _timestamp: 1_700_000_072.5, "train/loss": 2.5 },
    {
      _step: 10,
      _runtime: 30,
      _timestamp: 1_700_000_100,
      "train/loss": "NaN",
      "validation/robust_accuracy": 0.5,
    },
  ]);
  expect(rows).toHaveLength(2);
  expect(JSON.parse(contentOf(files, "run/wandb-summary.json"))).toMatchObject({
    _step: 10,
    "train/accuracy": 0.5,
  });
  expect(parseYaml(contentOf(files, "run/config.yaml"))).toMatchObject({ batchSize: { value: 8 } });
});

test("an evaluation is a point a model: every accuracy with its interval, and its warnings", () => {
  const result = evaluated([
    { name: "a/b", images: "+++a-" },
    { name: "c", images: "+aaa-" },
  ]);
  const [history, other] = resultHistories(result);
  const { values } = history!.points[0]!;
  expect(values).toMatchObject({
    "clean/accuracy": 0.8,
    "robust/linf-0.1/accuracy": 0.6,
    "white-box/linf-0.1/pgd/accuracy": 0.6,
  });
  expect(values["robust/linf-0.1/low"]).toBeLessThan(0.6);
  expect(values["robust/linf-0.1/high"]).toBeGreaterThan(0.6);
  expect(values["warnings/warning"]).toBe(result.warnings.filter((w) => w.severity === "warning").length / 2);
  expect(other!.points[0]!.values["robust/linf-0.1/accuracy"]).toBe(0.2);
  expect(history!.settings).toMatchObject({
    attack: "PGD-40",
    epsilon: 0.1,
    "model.path": "a/b.onnx",
  });
  // It ended at the result's date.
  expect(history!.began + history!.seconds).toBe(Date.parse(result.date) / 1000);
  expect(wandbFiles(resultHistories(result)).map(({ path }) => path.split("/")[0])).toContain(
    "a_b-evaluation",
  );
});

test("accuracy under corruptions is told to trackers and in tables, with its intervals", () => {
  const result = corrupted(evaluated([{ name: "a", images: "+++a-" }]), { fog: 3 });
  const { values } = resultHistories(result)[0]!.points[0]!;
  // Three images are always right and two never: the interval of the mean is nearly Wilson's of each.
  expect(values["corrupted/mean/accuracy"]).toBeCloseTo(0.6, 12);
  expect(values["corrupted/mean/low"]).toBeCloseTo(0.2291, 4);
  expect(values["corrupted/fog/3/low"]).toBeCloseTo(0.2307, 4);
  const rows = parse(resultCsv(result), { columns: true }) as Record<string, string>[];
  expect(
    rows
      .filter(({ kind }) => kind === "corruption")
      .map(({ corruption, severity, right, warnings }) => [corruption, severity, right, warnings]),
  ).toEqual([
    ["fog", "1", "3", "serious:collapsed"],
    ["fog", "3", "3", "serious:collapsed"],
  ]);
});

test("tables are read back as they were: numbers as numbers, nothing twice", async () => {
  const result = evaluated([{ name: "a", images: "+++a-" }]);
  const rows = parse(resultCsv(result), { columns: true }) as Record<string, string>[];
  expect(rows.map(({ kind, accuracy, images, attack }) => [kind, accuracy, images, attack])).toEqual([
    ["clean", "0.8", "5", ""],
    ["white-box", "0.6", "5", "PGD-40"],
    ["worst-case", "0.6", "5", ""],
  ]);
  expect(rows.every(({ low, high }) => Number(low) < 0.81 && Number(high) > 0.59)).toBe(true);
  const history = await historyOfRun(await sharedRun(join(root, "table")));
  const steps = parse(historyCsv(history), { columns: true }) as Record<string, string>[];
  expect(steps.map((row) => [row["step"], row["train/loss"], row["validation/clean_accuracy"]])).toEqual([
    ["1", "2.5", ""],
    ["10", "NaN", ""],
    ["10", "", "0.75"],
  ]);
});

test.each(HOSTILE)("a name is text in tables, paths and trackers' files: %j", async (name) => {
  const result = evaluated([{ name, images: "+++a-" }]);
  const csv = resultCsv({ ...result, dataset: { ...result.dataset, name } });
  const rows = parse(csv);
  expect(new Set(rows.map(({ length }) => length)).size).toBe(1);
  for (const [model] of rows.slice(1))
    expect(model).not.toMatch(/^\s*[=+\-@＝]|[\p{Cc}\p{Surrogate}\u202e]/u);
  const histories = resultHistories(result);
  const files = [...wandbFiles(histories), ...tensorboardFiles(histories)];
  for (const { path } of files) expect(path).toMatch(/^[\w.-]*\w[\w.-]*\/[\w.-]+$/);
  const config = files.find(({ path }) => path.endsWith("config.yaml"))!.content as string;
  const read = parseYaml(config, { version: "1.1" }) as Record<string, { value: unknown }>;
  expect(Object.keys(read)).toContain("model.path");
  expect(typeof read["model.path"]!.value).toBe("string");
  const written = await writeShared(join(root, "hostile"), files);
  for (const path of written) expect(path.startsWith(join(root, "hostile/"))).toBe(true);
});

test("alike names have folders of their own, whatever their case", () => {
  const result = evaluated([
    { name: "a/b", images: "+a" },
    { name: "a b", images: "+a" },
    { name: "A_B", images: "+a" },
  ]);
  const folders = tensorboardFiles(resultHistories(result)).map(({ path }) => path.split("/")[0]);
  expect(folders).toEqual(["a_b-evaluation", "a_b-evaluation-2", "A_B-evaluation-3"]);
});

test("a run without a step, and a finished run that has changed, are refused", async () => {
  const empty = await sharedRun(join(root, "empty"), []);
  const error = await refusalOf(historyOfRun(empty), InputError);
  expect(error.problem).toBe("is a run that has not logged a step yet");
  const changed = await sharedRun(join(root, "changed"));
  await writeFile(join(changed, "manifest.json"), "{}");
  expect((await refusalOf(historyOfRun(changed), InputError)).place).toContain("manifest.json");
  const nothing = join(root, "nothing");
  await mkdir(nothing);
  expect((await refusalOf(historyOfRun(nothing), InputError)).message).toContain("config.json");
});

test("a link in the folder of an export is not followed", async () => {
  const out = join(root, "linked");
  await mkdir(join(root, "elsewhere"));
  await mkdir(out);
  await symlink(join(root, "elsewhere"), join(out, "m"));
  const error = await refusalOf(writeShared(out, [{ path: "m/file", content: "x" }]), InputError);
  expect(error.problem).toContain("is a link");
});
