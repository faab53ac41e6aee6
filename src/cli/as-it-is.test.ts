import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { node } from "../../test/model.js";
import { holdfast } from "../../test/runs/holdfast.js";
import { smallNetwork } from "../../test/small-network.js";
import { writeSmallPhotos } from "../../test/small-photos.js";
import { unreadModel } from "../../test/unread-model.js";
import type { Result } from "../evaluation/index.js";
import { saveClassifier } from "../models/index.js";
import { writeModelFile } from "../onnx/index.js";

/** Models with nodes that are not read, run by ONNX Runtime as they are. */
let root = "";
const at = (name: string): string => join(root, name);
const evaluated = async (models: string[], ...args: string[]): Promise<[Result, string, string]> => {
  const given = [
    "--data",
    at("photos:test"),
    "--limit",
    "9",
    "--threads",
    "1",
    "--out",
    at("r.json"),
    ...args,
  ];
  const { code, stdout, stderr } = await holdfast(["evaluate", ...models, ...given]);
  expect(code, stderr).toBe(0);
  return [JSON.parse(await readFile(at("r.json"), "utf8")) as Result, stdout, stderr];
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-as-it-is-"));
  await writeSmallPhotos(at(join("photos", "test")));
  await saveClassifier(smallNetwork(), at("plain.onnx"));
  await writeModelFile(at("unread.onnx"), unreadModel());
  const { graph, ...rest } = unreadModel();
  const [logits] = graph.outputs;
  const nodes = [...graph.nodes, node("Unheard", [logits!.name], "u")];
  const outputs = [{ ...logits!, name: "u" }];
  await writeModelFile(at("unheard.onnx"), { ...rest, graph: { ...graph, nodes, outputs } });
});
afterAll(() => rm(root, { recursive: true }));

test("it is measured by attacks without gradients and by transfer, and the result warns of it", async () => {
  const args = ["--attack", "standard", "--epsilon", "0.3,0.5"];
  const [result, stdout, stderr] = await evaluated([at("plain.onnx"), at("unread.onnx")], ...args);
  const kinds = result.measurements.map((m) =>
    [m.model, m.kind, m.kind === "clean" ? "" : m.attack].join(" "),
  );
  expect(kinds.filter((kind) => kind.startsWith("unread"))).toEqual([
    "unread transfer standard",
    "unread transfer standard",
    "unread clean ",
    "unread white-box square",
    "unread white-box square",
    "unread white-box gray-image",
  ]);
  expect(kinds).toContain("plain transfer square");
  const numbers = (model: string, kind: string): number[] =>
    result.measurements.filter((m) => m.model === model && m.kind === kind).map(({ correct }) => correct);
  expect(numbers("unread", "clean")).toEqual(numbers("plain", "clean"));
  const [info] = result.models.filter(({ name }) => name === "unread");
  expect(info!.unread).toMatchObject([{ node: "values", op: "Unique" }]);
  const warning = result.warnings.find(({ code }) => code === "no-gradient");
  expect(warning!.message).toMatch(
    /^unread: no gradient: .*values \(Unique\).*Only Square and gray image attacked it/,
  );
  expect(warning!.measurements).toHaveLength(6);
  expect(stdout).toContain("warning: unread: no gradient");
  expect(stderr).toMatch(/unread: no gradient: one of its nodes is not supported: values \(Unique\)/);
  // Examples are of one attack.
  expect(result.examples[0]!.views.map(({ model }) => model)).toEqual(["plain"]);
});

test("alone it is attacked by Square where PGD was to be, and shown", async () => {
  const report = ["--epsilon", "0.3", "--report", at("r.html")];
  const [result, , stderr] = await evaluated([at("unread.onnx")], ...report);
  expect(stderr).toContain("for a model without a gradient, only the attacks that need none, else Square");
  const [, attacked] = result.measurements;
  expect(result.measurements).toHaveLength(2);
  expect(attacked).toMatchObject({ attack: "square", parameters: { queries: 5000, steps: null } });
  expect(result.examples[0]).toMatchObject({ attack: "square", views: [{ model: "unread", attention: [] }] });
  expect(await readFile(at("r.html"), "utf8")).toContain("Attacked without gradients");
});

test("attack refuses it, and inspect says that it can be evaluated", async () => {
  const attacked = await holdfast([
    "attack",
    at("unread.onnx"),
    "--data",
    at("photos:test"),
    "--epsilon",
    "0.1",
  ]);
  expect([attacked.code, attacked.stderr]).toEqual([
    3,
    expect.stringContaining("has a node that cannot be read"),
  ]);
  const inspected = await holdfast(["inspect", at("unread.onnx")]);
  expect(inspected.code).toBe(3);
  expect(inspected.stdout).toMatch(/evaluable +yes, without gradients/);
});

test("what ONNX Runtime does not run either is refused with every node", async () => {
  const { code, stderr } = await holdfast(["evaluate", at("unheard.onnx"), "--data", at("photos:test")]);
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /2 nodes that cannot be read:[^]*"u" \(Unheard\)[^]*It cannot be run unchanged either: .*could not be opened/,
  );
  const { stdout } = await holdfast(["inspect", at("unheard.onnx")]);
  expect(stdout).toMatch(/evaluable +no: [^]*could not be\s+opened/);
});
