import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { evaluated, runsSoFar } from "../../test/counted-evaluation.js";
import { createTarget, predictions } from "../attacks/index.js";
import { corrupt, CORRUPTIONS, type Corruption, type Severity } from "../data/index.js";
import { createGenerator } from "../tensor/index.js";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import { UsageError } from "../errors/index.js";
import { meanInterval } from "./intervals.js";
import {
  baselineOf,
  mergeResults,
  parseResult,
  planCorruptions,
  summariseCorruptions,
  wilsonInterval,
  type CorruptionOptions,
  type EvaluateOptions,
  type Result,
} from "./index.js";

const SOME: CorruptionOptions = { kinds: ["fog", "gaussian_noise"], severities: [5, 1] };
const OPTIONS: EvaluateOptions = {
  epsilons: [],
  attack: "none",
  checks: false,
  examples: 1,
  batchSize: 16,
  threads: 1,
  seed: 3,
  corruptions: SOME,
};

const said = (result: Result): string =>
  JSON.stringify({ ...result, date: "" }, (key, value: unknown) => (key === "seconds" ? 0 : value));

test("every kind and severity is what the model answers to such images, without an attack", async () => {
  const result = parseResult(JSON.parse(JSON.stringify(await evaluated(OPTIONS))), "result.json");
  expect(result.headline).toBeNull();
  expect(result.measurements.map(({ kind }) => kind)).toEqual(["clean"]);
  const { measurements, scale, frost } = result.corruptions!;
  expect([scale, frost]).toEqual(["cifar", "made"]);
  // In the order of the benchmark, whatever was typed.
  expect(measurements.map(({ corruption, severity }) => `${corruption} ${severity}`)).toEqual([
    "gaussian_noise 1",
    "gaussian_noise 5",
    "fog 1",
    "fog 5",
  ]);
  const dataset = smallDataset();
  const { channels, height, width } = dataset;
  const size = channels * height * width;
  const target = createTarget(smallNetwork(), { batchSize: 16, threads: 1 });
  for (const { corruption, severity, predictions: given, correct, interval, n } of measurements) {
    const images = new Float32Array(dataset.length * size);
    for (let i = 0; i < dataset.length; i++) {
      const image = images.subarray(i * size, (i + 1) * size);
      await dataset.read(i, image);
      const how = { corruption, severity, random: createGenerator(3), index: i, textures: [] };
      image.set(await corrupt(image, { channels, height, width }, how));
    }
    const logits = await target.logits(images, { indices: Uint32Array.from({ length: n }, (_, i) => i) });
    const own = Array.from(predictions(logits, dataset.length, target.classCount));
    expect(given).toEqual(own);
    expect(correct).toBe(own.filter((each, i) => each === dataset.labels[i]).length);
    expect(interval).toEqual(wilsonInterval(correct, n));
  }
  await target.dispose();
});

test("shards merge to the whole", async () => {
  const whole = await evaluated(OPTIONS, { models: 2 });
  const parts: Parameters<typeof mergeResults>[0][number][] = [];
  for (let index = 1; index <= 3; index++) {
    const result = await evaluated({ ...OPTIONS, shard: { index, count: 3 } }, { models: 2 });
    parts.push({ place: `shard-${index}.json`, result });
  }
  expect(said(mergeResults(parts))).toBe(said(whole));
  const { corruptions } = parts[2]!.result;
  const baseline = { model: "b", errors: { fog: 0.5, gaussian_noise: 0.5 } };
  const other = {
    place: "other.json",
    result: { ...parts[2]!.result, corruptions: { ...corruptions!, baseline } },
  };
  expect(() => mergeResults([parts[0]!, parts[1]!, other])).toThrow(
    "shard 3: has a different corruption baseline from shard 1",
  );
});

test("what was answered before a kill is not asked again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-corruptions-"));
  const keepIn = join(folder, "partial");
  try {
    const whole = await evaluated(OPTIONS);
    const runs = runsSoFar();
    await expect(evaluated(OPTIONS, { keepIn, dies: runs - 1 })).rejects.toThrow("killed");
    const before = runsSoFar();
    expect(said(await evaluated(OPTIONS, { keepIn }))).toBe(said(whole));
    expect(runsSoFar()).toBeLessThan(before);
    // Other corruptions are another evaluation.
    const lines = (await readFile(keepIn, "utf8")).split("\n").length;
    await writeFile(keepIn, await readFile(keepIn));
    const other = await evaluated({ ...OPTIONS, corruptions: { ...SOME, severities: [1] } }, { keepIn });
    expect(other.corruptions!.measurements).toHaveLength(2);
    expect((await readFile(keepIn, "utf8")).split("\n").length).toBeLessThan(lines);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("answers that another part of the images left are not taken for this one's", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-corruptions-"));
  try {
    const whole = said(await evaluated(OPTIONS));
    const keepIn = join(folder, "partial");
    await evaluated({ ...OPTIONS, shard: { index: 1, count: 2 } }, { keepIn });
    expect(said(await evaluated(OPTIONS, { keepIn }))).toBe(whole);
  } finally {
    await rm(folder, { recursive: true });
  }
});

const IMAGES = { n: 4, population: 4, sampleSeed: null, height: 32, width: 32 };

/** A result by hand: right answers to four images of class 0, `+`, under each kind and severity. */
function byHand(cells: readonly (readonly [Corruption, Severity, string])[], more: object = {}): Result {
  const measurements = cells.map(([corruption, severity, images]) => {
    const predictions = [...images].map((mark) => (mark === "+" ? 0 : 1));
    const correct = predictions.filter((each) => each === 0).length;
    const score = { n: 4, correct, accuracy: correct / 4, interval: wilsonInterval(correct, 4) };
    const id = `a/${corruption}/${severity}`;
    return { id, model: "a", seed: 0, seconds: 0, ...score, corruption, severity, predictions };
  });
  const clean = { kind: "clean", model: "a", perImage: { label: [0, 0, 0, 0] } };
  return {
    dataset: IMAGES,
    measurements: [clean],
    corruptions: { scale: "cifar", frost: "made", measurements, ...more },
  } as unknown as Result;
}

test("the mean and its interval take images for draws; mCE divides the errors of each kind", () => {
  const result = byHand(
    [
      ["fog", 1, "++++"],
      ["fog", 5, "++--"],
      ["contrast", 1, "+++-"],
      ["contrast", 5, "+---"],
    ],
    { baseline: { model: "b", errors: { fog: 0.5, contrast: 0.8 } } },
  );
  const [summary] = summariseCorruptions(result);
  expect(summary!.accuracy).toBe(10 / 16);
  // Shares of the four images.
  expect(summary!.interval).toEqual(meanInterval([1, 0.75, 0.5, 0.25]));
  expect(summary!.mean("fog")).toBe(0.75);
  expect(summary!.mce).toBeCloseTo(100 * ((0.25 / 0.5 + 0.5 / 0.8) / 2), 10);
});

test("a baseline has the same kinds and severities, and makes errors", () => {
  const plan = planCorruptions({ kinds: ["fog"], severities: [1, 5] });
  const good = byHand([["fog", 1, "++++"], ["fog", 5, "++--"], ["snow", 1, "----"], ["snow", 5, "----"]]); // prettier-ignore
  expect(baselineOf("b.json", good, plan, IMAGES)).toEqual({ model: "a", errors: { fog: 0.25 } });
  const refused = (result: Result, images = IMAGES): unknown => {
    try {
      return baselineOf("b.json", result, plan, images);
    } catch (error) {
      return error;
    }
  };
  for (const [result, problem] of [
    [byHand([["fog", 1, "++++"]]), "lacks severities of fog"],
    [byHand([["fog", 1, "++--"], ["fog", 2, "++--"], ["fog", 5, "++--"]]), "has different severities"], // prettier-ignore
    [byHand([["fog", 1, "++++"], ["fog", 5, "++++"]]), "makes no errors under fog"], // prettier-ignore
    [{ measurements: [] } as unknown as Result, "has no accuracy under corruptions"],
  ] as const) {
    expect(refused(result)).toBeInstanceOf(UsageError);
    expect(String(refused(result))).toContain(problem);
  }
  expect(String(refused(good, { ...IMAGES, population: 5 }))).toContain("has different images");
  expect(String(refused(good, { ...IMAGES, height: 64, width: 64 }))).toContain(
    "uses the strengths of CIFAR-10-C, not those of Tiny-ImageNet-C",
  );
  const frosty = planCorruptions({ kinds: ["frost"], severities: [1] });
  const photographed = byHand([["frost", 1, "++--"]], { frost: "0".repeat(64) });
  expect(() => baselineOf("b.json", photographed, frosty, IMAGES)).toThrow(
    "uses different pictures of frost",
  );
});

test("all fifteen by default, and no empty list", () => {
  expect(planCorruptions({}).kinds).toEqual(CORRUPTIONS);
  expect(() => planCorruptions({ kinds: [] })).toThrow(UsageError);
  expect(() => planCorruptions({ frost: [] })).toThrow(UsageError);
});
