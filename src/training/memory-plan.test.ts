import { beforeAll, describe, expect, test } from "vitest";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import { smallResnet, smallSettings } from "../../test/small-training.js";
import { RECIPES, type Recipe } from "../defences/index.js";
import { UsageError } from "../errors/index.js";
import type { Classifier } from "../models/index.js";
import type { Tensor } from "../tensor/index.js";
import { trainClassifier, type TrainingSettings } from "./index.js";
import { describePlan, planMemory, type MemoryPlan } from "./memory-plan.js";
import { attackBytes, peakEstimate } from "./memory.js";
import { updateGraph } from "./update-graph.js";
import { updateOptions } from "./update-options.js";
import { updateGraphInParts } from "./update-parts.js";

const MB = 2 ** 20;
const BATCH = 8;

/** The plan for a budget. */
async function planOf(
  classifier: Classifier,
  recipe: Recipe,
  memory: number | string | undefined,
  more: Partial<TrainingSettings> = {},
): Promise<MemoryPlan> {
  const settings = smallSettings(recipe, more);
  const limited = memory === undefined ? settings : { ...settings, memory: String(memory) };
  return planMemory(classifier, limited);
}

/** The estimated peak of a way to compute an update. */
async function peakOf(
  classifier: Classifier,
  settings: TrainingSettings,
  { parts, segments, rows }: Pick<MemoryPlan, "parts" | "segments" | "rows">,
): Promise<number> {
  const options = { ...updateOptions(classifier, settings), parts, segments };
  const update = (parts === 1 ? updateGraph : updateGraphInParts)(classifier, options);
  return (await peakEstimate(update, attackBytes(classifier, settings), segments))(rows);
}

const { pat, undefended, free, awp } = RECIPES as Record<"pat" | "undefended" | "free" | "awp", Recipe>;

describe("--memory", () => {
  const classifier = smallNetwork();
  let whole = 0;
  beforeAll(async () => {
    ({ whole } = await planOf(classifier, pat, undefined));
  });

  test("leaves alone what fits", async () => {
    for (const memory of [undefined, whole]) {
      const expected = { parts: 1, segments: 1, rows: BATCH, estimate: whole, whole };
      expect(await planOf(classifier, pat, memory)).toMatchObject(expected);
    }
  });

  test("attacks fewer images at a time first", async () => {
    const plan = await planOf(classifier, pat, whole - 1);
    expect(plan).toMatchObject({ parts: 1, segments: 1, rows: BATCH / 2 });
    expect(plan.estimate).toBeLessThan(whole);
    expect(plan.update.part).toBeUndefined();
  });

  test("then computes the batch in the fewest parts that fit, without BatchNormalization", async () => {
    const one = await peakOf(classifier, smallSettings(pat), { parts: 1, segments: 1, rows: 1 });
    const plan = await planOf(classifier, pat, one - 1);
    expect(plan).toMatchObject({ parts: 2, segments: 1 });
    expect(plan.estimate).toBeLessThan(one);
    expect(plan.update.part).toBeDefined();
  });

  test("computes segments again first where BatchNormalization normalises by the batch, then in parts", async () => {
    const [network, batchSize] = [smallResnet(32), 32];
    const of = (parts: number, segments: number): Promise<number> =>
      peakOf(network, smallSettings(undefended, { batchSize }), { parts, segments, rows: batchSize / parts });
    const [plain, again, split] = [await of(1, 1), await of(1, 4), await of(2, 4)];
    expect(again).toBeLessThan(plain);
    const plan = await planOf(network, undefended, again, { batchSize });
    expect(plan.parts).toBe(1);
    expect(plan.segments).toBeGreaterThan(1);
    expect(plan.estimate).toBeLessThanOrEqual(again);
    expect((await planOf(network, undefended, split, { batchSize })).parts).toBe(2);
  });

  test("refuses what one image does not fit in, what is no size, and what cannot be split", async () => {
    await expect(planOf(classifier, pat, "100MB")).rejects.toThrow(
      /--memory: 100MB is too little: a step of one image takes about 28\d MB/,
    );
    await expect(planOf(classifier, pat, "much")).rejects.toThrow(/"much" is not a size/);
    await expect(planOf(classifier, free, "100MB")).rejects.toThrow(
      /about 28\d MB at the least, more than 100MB, and free cannot be computed in parts: free adversarial/,
    );
    const data = { train: smallDataset(), validation: undefined };
    const settings = smallSettings(pat, { memory: "lots" });
    await expect(trainClassifier(classifier, data, settings)).rejects.toBeInstanceOf(UsageError);
  });

  test("refuses parts in which BatchNormalization has one number a channel", async () => {
    // Its last maps are of one pixel.
    const [deep, batchSize] = [smallResnet(4), 256];
    const settings = smallSettings(undefended, { batchSize });
    expect(updateGraphInParts(deep, { ...updateOptions(deep, settings), parts: 128 }).normalisedBy).toBe(2);
    const pairs = await peakOf(deep, settings, { parts: 128, segments: 1, rows: 2 });
    expect((await planOf(deep, undefended, pairs, { batchSize })).parts).toBe(128);
    await expect(planOf(deep, undefended, pairs - 1, { batchSize })).rejects.toThrow(
      /BatchNormalization has one number a channel/,
    );
  });

  test("counts the perturbation of the weights", async () => {
    const [with_, without] = [
      await planOf(classifier, awp, undefined),
      await planOf(classifier, pat, undefined),
    ];
    expect(with_.update.perturbation).toBeDefined();
    expect(with_.whole).toBeGreaterThan(without.whole);
  });

  test("says what it does, and warns where nothing was said and it may not fit", () => {
    const settings = smallSettings(pat, { memory: "300MB" });
    const sizes = { estimate: 300 * MB, whole: 900 * MB };
    expect(describePlan({ parts: 4, segments: 1, rows: 2, ...sizes }, settings, smallResnet(8))).toEqual({
      type: "notice",
      message:
        "a step of 8 images takes about 900 MB: for 300 MB, it is computed in 4 parts of 2; BatchNormalization normalises by each part",
    });
    expect(describePlan({ parts: 1, segments: 4, rows: 2, ...sizes }, settings, classifier)?.message).toBe(
      "a step of 8 images takes about 900 MB: for 300 MB, the backward pass computes 3 of 4 segments of the forward pass again; images are attacked 2 at a time",
    );
    const large = { parts: 1, segments: 1, rows: 8, estimate: 9 * 1024 * MB, whole: 9 * 1024 * MB };
    const said = describePlan(large, smallSettings(pat), classifier, 4 * 1024 * MB);
    expect(said).toEqual({
      type: "warning",
      message:
        "a step of 8 images takes about 9.0 GB, and 4.0 GB are available: --memory 4GB makes it take less.",
    });
    expect(describePlan(large, smallSettings(pat), classifier, 2 ** 40)).toBeUndefined();
  });

  test("a training in parts comes to the weights of one in whole", async () => {
    const recipe = { ...pat, adversary: { ...pat.adversary!, steps: 2 } };
    const sgd = { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 } as const;
    const settings = smallSettings(recipe, { optimiser: sgd, learningRate: 0.01 });
    const least = await peakOf(classifier, settings, { parts: 1, segments: 1, rows: 1 });
    const notices: string[] = [];
    const data = { train: smallDataset(), validation: undefined };
    const [one, parts] = [
      await trainClassifier(classifier, data, settings),
      await trainClassifier(
        classifier,
        data,
        { ...settings, memory: String(least - 1) },
        { onEvent: (event) => void (event.type === "notice" && notices.push(event.message)) },
      ),
    ];
    expect(notices.join()).toMatch(/it is computed in 2 parts of 4/);
    expect(parts.state.step).toBe(one.state.step);
    for (const [name, value] of one.weights) {
      const [x, y] = [parts.weights.get(name)!, value].map(({ data }: Tensor) => data as Float32Array);
      const greatest = y!.reduce((most, number) => Math.max(most, Math.abs(number)), 1e-30);
      x!.forEach((number, i) => expect(Math.abs(number - y![i]!) / greatest).toBeLessThan(1e-5));
    }
  });
});
