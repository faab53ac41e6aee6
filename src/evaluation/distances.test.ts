import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokenByCheck } from "../../test/suite-measurement.js";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import { renderReport } from "../report/index.js";
import {
  accuracyWithin,
  distancesOf,
  evaluateModels,
  planEvaluation,
  readResult,
  worstCase,
  writeResult,
  type EvaluateOptions,
  type NearestMeasurement,
  type Result,
} from "./index.js";
import { distanceStatements } from "./distances.js";
import { measurementsOn } from "./within-access.js";

const OPTIONS: EvaluateOptions = {
  // 4/255 in six digits is more than 4/255.
  epsilons: [4 / 255, 0.1, 0.15],
  options: { steps: 5 },
  curve: 60,
  threads: 1,
  examples: 0,
};

async function evaluated(options: EvaluateOptions, keepIn?: string, dies = Infinity): Promise<Result> {
  const dataset = smallDataset();
  const info = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" };
  let events = 0;
  return evaluateModels(
    [{ name: "small", classifier: smallNetwork(), info }],
    { dataset, population: dataset.length, seed: null },
    options,
    {
      tool: { name: "holdfast", version: "0.0.0" },
      keepIn,
      onEvent: ({ type }) => {
        if (type === "progress" && ++events === dies) throw new Error("killed");
      },
    },
  );
}

let folder: string;
let result: Result;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-distances-"));
  result = await evaluated(OPTIONS);
});
afterAll(() => rm(folder, { recursive: true }));
const searchIn = ({ measurements }: Result): NearestMeasurement =>
  measurements.find((m): m is NearestMeasurement => m.kind === "nearest")!;

test("is measured where it is asked for, to its end, and is no attack at one ε", () => {
  const search = searchIn(result);
  expect(search).toMatchObject({
    attack: "fmn",
    threat: { norm: "linf", epsilon: 1 },
    id: "small/nearest/linf-1/fmn-60",
  });
  expect(search.parameters).toMatchObject({ steps: 60, stop: "end", firstStep: 10 });
  const [own] = distancesOf(result);
  expect(own!.median).toBeGreaterThan(0.1);
  expect(own!.median).toBeLessThan(0.2);
  expect(planEvaluation({ ...OPTIONS, curve: false }).attacks.every(({ name }) => name === "pgd")).toBe(true);
  expect(planEvaluation({ ...OPTIONS, curve: true }).attacks.at(-1)!.stages[0].options["steps"]).toBe(1000);
  expect(result.warnings.flatMap(({ measurements }) => measurements)).not.toContain(search.id);
});

test("the curve meets what all attacks together say at every ε that was measured", () => {
  const [own] = distancesOf(result);
  const clean = result.measurements.find(({ kind }) => kind === "clean")!;
  expect(accuracyWithin(own!, 0)).toBe(clean.accuracy);
  for (const epsilon of OPTIONS.epsilons) {
    const together = worstCase(result, "small", { norm: "linf", epsilon })!;
    expect(accuracyWithin(own!, epsilon)).toBe(together.accuracy);
    expect(together.measurements).toContain(searchIn(result).id);
  }
  const sorted = own!.distances.filter((far) => far > 0).toSorted((a, b) => a - b);
  expect(own!.right).toBe(sorted.length);
  expect(accuracyWithin(own!, own!.median) * own!.distances.length).toBe(Math.floor(sorted.length / 2));
});

test("an image that an attack broke is at most ε away, and one that only the search broke is said", () => {
  const search = searchIn(result);
  const attack = result.measurements.find((m) => m.kind === "white-box" && m.threat.epsilon === 0.15)!;
  if (attack.kind !== "white-box") throw new Error("no attack");
  const columns = attack.perImage!;
  const label = columns.label.map(() => 0);
  const rest = { index: columns.index, label, cleanPrediction: label };
  const some = (of: (i: number) => number): number[] => label.map((_, i) => of(i));
  const measurements = [
    {
      ...search,
      perImage: {
        ...rest,
        adversarialPrediction: some(() => 1),
        success: label.map(() => 1 as const),
        distance: some(() => 0.2),
      },
    },
    // It broke the first image, by a distance that was rounded up.
    {
      ...attack,
      perImage: {
        ...rest,
        adversarialPrediction: some((i) => (i === 0 ? 1 : 0)),
        success: label.map((_, i) => (i === 0 ? 1 : 0)),
        distance: some(() => 0.150001),
      },
    },
  ];
  const [own] = distancesOf({ ...result, measurements });
  expect(own!.distances.slice(0, 2)).toEqual([0.15, 0.2]);
  expect(distanceStatements({ ...result, measurements })).toHaveLength(2);
  const wider = measurements.map((m) =>
    m.kind === "nearest" ? m : { ...m, threat: { ...m.threat, epsilon: 0.3 } },
  );
  expect(distanceStatements({ ...result, measurements: wider })[1]).toContain(
    `FMN-60 found adversarial images of small within L∞ ε = 0.3 for ${label.length - 1} of ${label.length} images that had survived PGD-5.`,
  );
  // Other images, and targeted attacks, say nothing of these.
  const others = [
    measurements[0]!,
    { ...measurements[1]!, perImage: { ...measurements[1]!.perImage, index: some((i) => i + 7) } },
  ];
  expect(distancesOf({ ...result, measurements: others })[0]!.distances[0]).toBe(0.2);
});

test("an image that a check of the headline broke is at most ε away, as the worst case counts it", () => {
  const headline = result.headline!;
  const about = result.measurements.find(
    (m) => m.kind === "white-box" && m.threat.epsilon === headline.epsilon,
  )!;
  const [own] = distancesOf(result);
  const far = own!.distances.findIndex((each) => each > headline.epsilon);
  expect(far).toBeGreaterThanOrEqual(0);
  const found = brokenByCheck(about.perImage!.index[far]!, 1);
  const checked = { ...result, checks: [{ model: "small", measurement: about.id, further: [found] }] };
  expect(distancesOf(checked)[0]!.distances[far]).toBe(headline.epsilon);
  expect(accuracyWithin(distancesOf(checked)[0]!, headline.epsilon)).toBe(
    worstCase(checked, "small", headline)!.accuracy,
  );
});

test("no image found at any distance is said", () => {
  const search = searchIn(result);
  const none = search.perImage!.label.map(() => 0 as const);
  const perImage = { ...search.perImage!, adversarialPrediction: search.perImage!.label, success: none };
  const measured = { ...result, measurements: [{ ...search, perImage }] };
  expect(distancesOf(measured)[0]!.median).toBe(Infinity);
  expect(distanceStatements(measured)[0]).toContain(
    "no adversarial image was found at any distance in L∞ (FMN-60)",
  );
});

test("a model without a gradient has none", () => {
  const plan = planEvaluation(OPTIONS);
  expect(measurementsOn("logits", plan).map(({ name }) => name)).toEqual(["square", "square", "square"]);
});

test("goes on after a kill to the same distances", async () => {
  const keepIn = join(folder, "killed.partial");
  await expect(evaluated(OPTIONS, keepIn, 40)).rejects.toThrow("killed");
  const again = await evaluated(OPTIONS, keepIn);
  expect(searchIn(again).perImage).toEqual(searchIn(result).perImage);
  expect(await readFile(keepIn, "utf8")).toContain("/small/3/0/");
});

describe("shown", () => {
  test("in a result that is written and read back", async () => {
    const path = join(folder, "result.json");
    await writeResult(path, result);
    expect(distancesOf(await readResult(path))).toEqual(distancesOf(result));
  });

  test("in the report as a curve, a row and a card", async () => {
    const page = await renderReport(result);
    expect(page).toContain("Accuracy at every ε, at most");
    expect(page).toContain("<dt>median L∞ distance</dt>");
    expect(page).toContain("Distances to the nearest adversarial images found");
    expect(page).toContain("(PGD-5, FMN-60)");
  });
});
