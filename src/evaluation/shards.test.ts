import { describe, expect, test } from "vitest";
import { SMALL_SIZE, smallDataset, smallNetwork } from "../../test/small-network.js";
import type { Classifier } from "../models/index.js";
import { InputError, UsageError } from "../errors/index.js";
import { evaluateModels, mergeResults, parseResult, type EvaluateOptions, type Result } from "./index.js";

/** Checks are made of a whole alone. */
const OPTIONS: EvaluateOptions = {
  checks: false,
  epsilons: [0.05, 0.1],
  attack: "auto",
  examples: 4,
  batchSize: 16,
  threads: 1,
  seed: 3,
};

/** The second model sees the images a little darker: other images of it fall. */
async function evaluated(
  options: EvaluateOptions,
  { models = 1, sha = "0", version = "0.0.0", limit = Infinity, noise = 0 } = {},
): Promise<Result> {
  const all = smallDataset();
  const dataset = smallDataset(all.labels.slice(0, limit));
  const under = Array.from({ length: models }, (_, i) => ({
    name: "ab"[i]!,
    classifier: smallNetwork(
      i === 0 ? {} : { input: (g, x) => g.op("Mul", [g.op("Sub", [x, g.scalar(0.1)]), g.scalar(0.9)]) },
    ),
    ...(noise > 0 && { classifier: noisy(noise) }),
    info: { recipe: null, path: "model.onnx", sha256: sha.repeat(64), architecture: "small" },
  }));
  const sample = { dataset, population: dataset.length, seed: null };
  return evaluateModels(under, sample, options, { tool: { name: "holdfast", version } });
}

/** Draws noise for every answer. */
function noisy(scale: number): Classifier {
  const classifier = smallNetwork({
    input: (g, x) => g.op("Add", [x, g.input("noise", "float32", ["N", 1, SMALL_SIZE, SMALL_SIZE])]),
  });
  return { ...classifier, randomInputs: [{ name: "noise", draw: { distribution: "normal", scale } }] };
}

/** As the file has it, but for the date and the seconds. */
const written = (result: Result): string =>
  JSON.stringify({ ...result, date: "" }, (key, value: unknown) => (key === "seconds" ? 0 : value));

/** Through its JSON, as a file would bring it. */
async function shards(
  count: number,
  options: EvaluateOptions = OPTIONS,
  about: Parameters<typeof evaluated>[1] = {},
): Promise<{ place: string; result: Result }[]> {
  const all = [];
  for (let index = 1; index <= count; index++) {
    const result = await evaluated({ ...options, shard: { index, count } }, about);
    const place = `shard-${index}.json`;
    all.push({ place, result: parseResult(JSON.parse(JSON.stringify(result)), place) });
  }
  return all;
}

describe("shards merged", () => {
  test.each<[string, EvaluateOptions, { models?: number; noise?: number }]>([
    ["a suite", { ...OPTIONS, epsilons: [0.15] }, {}],
    ["two models and transfer", { ...OPTIONS, epsilons: [0.2], transferFrom: ["a", "b"] }, { models: 2 }],
    [
      "a single attack, step counts and the gray image",
      { ...OPTIONS, attack: "pgd", options: { steps: 5 }, iterations: [2], epsilons: [0.1, 0.5] },
      {},
    ],
    [
      "a model that draws at random",
      { ...OPTIONS, epsilons: [0.1], attack: "apgd", options: { steps: 5 } },
      { noise: 0.1 },
    ],
  ])("are, byte for byte, one run: %s", { timeout: 60_000 }, async (_, options, about) => {
    const of47 = { ...about, limit: 47 };
    const whole = await evaluated(options, of47);
    const parts = await shards(3, options, of47);
    expect(parts.map(({ result }) => result.dataset.n)).toEqual([16, 16, 15]);
    expect(whole.examples.length).toBeGreaterThan(2);
    expect(written(mergeResults(parts.toReversed()))).toBe(written(whole));
  });

  test("count what a search by answers broke in all of them", async () => {
    const parts = await shards(2, { ...OPTIONS, epsilons: [0.1] });
    // As if the first shard had broken one so, and the second two.
    const counted = parts.map(({ place, result }, i) => ({
      place,
      result: {
        ...result,
        measurements: result.measurements.map((m) =>
          m.kind === "white-box" ? { ...m, stages: m.stages!.map((s) => ({ ...s, blind: i + 1 })) } : m,
        ),
      },
    }));
    const [merged] = mergeResults(counted).measurements.filter((m) => m.kind === "white-box");
    expect(merged!.stages!.map(({ blind }) => blind)).toEqual([3, 3, 3, 3, 3]);
  });

  test("made on several kinds of machine say so", async () => {
    const [one, two] = await shards(2, QUICK);
    const elsewhere = { ...two!.result, runtime: { ...two!.result.runtime, cpu: "another", threads: 7 } };
    const merged = mergeResults([one!, { place: "two", result: elsewhere }]);
    expect(merged.statements.join(" ")).toContain("The 2 shards were made on 2 kinds of machine");
    expect(merged.runtime).toEqual(one!.result.runtime);
  });

  test("say what each of them is", async () => {
    const [first] = await shards(2, QUICK);
    const { result } = first!;
    expect(result.shard).toMatchObject({ index: 1, count: 2, images: smallDataset().length });
    expect(result.statements.join(" ")).toContain(
      "This is shard 1 of 2: 24 of the 48 images of the evaluation.",
    );
    expect(result.statements.join(" ")).not.toContain("images of blobs were scored");
  });
});

const QUICK: EvaluateOptions = { ...OPTIONS, epsilons: [0.1], attack: "pgd", options: { steps: 1 } };

describe("shards that do not make a whole are refused", () => {
  const place = "other.json";
  const other = async (options: EvaluateOptions, about = {}): Promise<{ place: string; result: Result }> => ({
    place,
    result: await evaluated({ ...options, shard: { index: 2, count: 2 } }, about),
  });

  test("missing ones, and one that is there twice", async () => {
    const [one, two, three] = await shards(3, QUICK);
    expect(() => mergeResults([two!])).toThrow(
      /2 are missing: 1\/3, 3\/3\n +Run them with --shard 1\/3 and so on/,
    );
    expect(() => mergeResults([one!, three!])).toThrow("one is missing: 2/3");
    expect(() => mergeResults([one!, two!, { ...one!, place: "again.json" }, three!])).toThrow(
      /shard-1\.json and again\.json: are both shard 1 of 3\n +Give each shard once\./,
    );
    expect(() => mergeResults([])).toThrow(InputError);
  });

  test("those of other models, images, plans, versions and divisions, and whole evaluations", async () => {
    const [one] = await shards(2, QUICK);
    const merged = (shard: { place: string; result: Result }) => (): Result => mergeResults([one!, shard]);
    expect(merged(await other(QUICK, { sha: "1" }))).toThrow(
      "other.json: has different models from shard-1.json",
    );
    expect(merged(await other(QUICK, { version: "0.0.1" }))).toThrow(
      "was made by a different version of holdfast",
    );
    expect(merged(await other({ ...QUICK, seed: 4 }))).toThrow("has different attacks, ε or settings");
    expect(merged(await other(QUICK, { limit: 30 }))).toThrow("has different images");
    const thirds = await shards(3, QUICK);
    expect(merged(thirds[1]!)).toThrow("shard-2.json: is one of 3 shards, but shard-1.json is one of 2");
    expect(merged({ place, result: await evaluated(QUICK) })).toThrow(
      "other.json: is a whole evaluation, not a shard",
    );
  });

  test("those in which a model answered otherwise: its images were then scored in two ways", async () => {
    const [one, two] = await shards(2, QUICK);
    const [checks] = two!.result.checks!;
    const repeats = { ...checks!.repeats!, averagedOver: 10 };
    const differs = { place, result: { ...two!.result, checks: [{ ...checks!, repeats }] } };
    expect(() => mergeResults([one!, differs])).toThrow(
      /other\.json: a did not repeat its outputs \(averaged over 10 draws\), but in shard-1\.json it repeated its outputs.*same way\n +Make/s,
    );
    expect(mergeResults([one!, two!]).checks).toEqual(one!.result.checks);
  });

  test("a shard that there is not, or that has no images", async () => {
    await expect(evaluated({ ...QUICK, shard: { index: 3, count: 2 } })).rejects.toThrow(UsageError);
    await expect(evaluated({ ...QUICK, shard: { index: 1, count: 1000 } })).rejects.toThrow(
      /there are only \d+ images/,
    );
    await expect(evaluated({ ...QUICK, shard: { index: 1, count: 2 }, threshold: 0.5 })).rejects.toThrow(
      "cannot be decided by one shard",
    );
  });
});
