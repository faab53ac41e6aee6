import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evaluated } from "../../test/counted-evaluation.js";
import { holdfast } from "../../test/runs/holdfast.js";
import { smallNetwork } from "../../test/small-network.js";
import { writeSmallPhotos } from "../../test/small-photos.js";
import { parseResult, writeResult } from "../evaluation/index.js";
import { saveClassifier } from "../models/index.js";
import { renderReport } from "../report/index.js";
import { describeResult } from "./evaluation-output.js";

const CORRUPTED = {
  epsilons: [],
  attack: "none",
  checks: false,
  examples: 0,
  batchSize: 16,
  threads: 1,
  corruptions: { kinds: ["fog", "jpeg_compression"], severities: [1, 4] },
} as const;

/** A score without a right answer. */
const WRONG = { correct: 0, accuracy: 0, interval: { low: 0, high: 0.5, confidence: 0.95 } };

let folder: string;
let model: string;
let photos: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-corruptions-"));
  model = join(folder, "model.onnx");
  await saveClassifier(smallNetwork(), model);
  photos = join(folder, "photos");
  await writeSmallPhotos(photos);
});
afterAll(() => rm(folder, { recursive: true }));

test("the terminal and the report show a row for each kind, and mCE beside a baseline", async () => {
  const baseline = { model: "old <b>", errors: { fog: 0.5, jpeg_compression: 0.5 } };
  const result = await evaluated({ ...CORRUPTED, corruptions: { ...CORRUPTED.corruptions, baseline } });
  const said = await describeResult(result);
  expect(said).toMatch(/^accuracy in % at severity +1 +4 +mean$/m);
  expect(said).toMatch(/^fog +\d+\.\d +\d+\.\d +\d+\.\d$/m);
  expect(said).toMatch(
    /small under corruptions: mean accuracy \d+\.\d % \(95 % interval .* %\), mCE \d+\.\d %$/m,
  );
  expect(said).toContain("with the strengths of CIFAR-10-C");
  expect(said).not.toContain("textures of frost");
  const page = await renderReport(result);
  expect(page).toMatch(/<h1>small is right on \d+\.\d % under corruptions<\/h1>/);
  const section = /<section id="corruptions".*?<\/section>/s.exec(page)![0];
  expect(section).toContain("of old &lt;b&gt;");
  expect(section.match(/<th scope="row">[^<]*/g)).toEqual([
    '<th scope="row">fog',
    '<th scope="row">JPEG compression',
  ]);
  expect(page).toContain("--attack none --corruptions fog,jpeg_compression --severity 1,4");
});

test("the command measures corruptions alone, and relative to an earlier result", async () => {
  const before = join(folder, "before.json");
  const out = join(folder, "result.json");
  const common = ["evaluate", model, "--data", photos, "--threads", "1"];
  const some = ["--attack", "none", "--corruptions", "JPEG-compression,fog", "--severity", "4,1"];
  expect((await holdfast([...common, ...some, "--out", before])).code).toBe(0);
  // As of a weaker model.
  const weaker = parseResult(JSON.parse(await readFile(before, "utf8")), before);
  const measurements = weaker.corruptions!.measurements.map((m) => ({
    ...m,
    ...WRONG,
    predictions: undefined,
  }));
  await writeResult(before, { ...weaker, corruptions: { ...weaker.corruptions!, measurements } });
  const { code, stderr } = await holdfast([
    ...common,
    ...some,
    "--corruption-baseline",
    before,
    "--out",
    out,
  ]);
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining("no attack; then 2 corruptions at 2 severities"),
  ]);
  const result = parseResult(JSON.parse(await readFile(out, "utf8")), out);
  expect(result.corruptions!.measurements).toHaveLength(4);
  expect(result.corruptions!.baseline).toEqual({ model: "model", errors: { fog: 1, jpeg_compression: 1 } });
});

test.each([
  [["--corruptions", "fogg"], 'There is no "fogg": did you mean fog?'],
  [["--corruptions", "--severity", "6"], "It must be a list of 1 to 5"],
  [["--severity", "1"], "--severity: has no effect without --corruptions"],
  [["--attack", "none", "--fail-below", "0.5"], "--fail-below: has no effect when nothing is attacked"],
  [["--attack", "none", "--epsilon", "0.1"], "--epsilon: has no effect when nothing is attacked"],
  [["--attack", "none", "--steps", "5"], "--steps: has no effect when nothing is attacked"],
])("%j is refused", async (words, problem) => {
  const { code, stderr } = await holdfast(["evaluate", model, ...words, "--out", join(folder, "none.json")]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
});

test("a baseline without corruptions is refused before anything is measured", async () => {
  const { corruptions: _, ...none } = CORRUPTED;
  const plain = join(folder, "plain.json");
  await writeResult(plain, await evaluated(none));
  const words = ["--data", photos, "--attack", "none", "--corruptions"];
  const { code, stderr } = await holdfast([
    "evaluate",
    model,
    ...words,
    "--corruption-baseline",
    plain,
    "--out",
    join(folder, "none.json"),
  ]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("has no accuracy under corruptions")]);
});
