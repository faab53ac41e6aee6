import { expect, it } from "vitest";
import { SMALL_SIZE as SIZE, smallBatch, smallNetwork } from "../../test/small-network.js";
import { createClassifier, type Classifier } from "../models/index.js";
import { createGenerator } from "../tensor/index.js";
import { ask, createTarget, pgd, planAttack, runAttack, type Answer, type Asking } from "./index.js";
import { pack, type Job } from "./pack.js";
import type { Answerer } from "./target.js";
import type { Question } from "./asking.js";

const question = (key: string): Question => ({
  key,
  kind: "gradient",
  build: () => {
    throw new Error("not compiled here");
  },
});
const [LONG, SHORT] = [question("long"), question("short")];

/** Adds one to each number asked for, and writes down how many were asked for at a time. */
function counting(batchSize: number): Answerer & { readonly runs: [string, number][] } {
  const runs: [string, number][] = [];
  return {
    batchSize,
    runs,
    drawsOf: () => 1,
    answer({ key }, queries): Promise<Answer[]> {
      runs.push([key, queries.length]);
      return Promise.resolve(queries.map(({ rows }) => ({ y: rows["x"]!.map((value) => value + 1) })));
    },
  };
}

/** Asks `rounds` long questions after a short one, and adds up the answers. */
function* climb(from: number, rounds: number): Asking<number> {
  let x = (yield* ask(SHORT, { x: Float32Array.of(from) }))["y"]!;
  for (let i = 0; i < rounds; i++) x = (yield* ask(LONG, { x }))["y"]!;
  return x[0]!;
}

const jobs = (count: number): Job<number>[] =>
  Array.from({ length: count }, (_, place) => ({
    place,
    index: place,
    start: () => climb(place, 1 + (place % 7)),
  }));

it("refills batches as jobs end: no run is half empty before the last", async () => {
  const answerer = counting(8);
  const found: number[] = [];
  for await (const { place, value, gradientQueries } of pack(answerer, jobs(100))) {
    found[place] = value;
    expect(gradientQueries).toBe(2 + (place % 7));
  }
  expect(found).toEqual(Array.from({ length: 100 }, (_, place) => place + 2 + (place % 7)));
  const asked = jobs(100).reduce((sum, { place }) => sum + 2 + (place % 7), 0);
  expect(answerer.runs.reduce((sum, [, n]) => sum + n, 0)).toBe(asked);
  // What is left when the first run is not full: two batches of jobs on their way, and no more to come.
  const first = answerer.runs.findIndex(([, n]) => n < 8);
  expect(answerer.runs.slice(first).reduce((sum, [, n]) => sum + n, 0)).toBeLessThan(16 * 8);
});

it("stops when it is told to, and closes what it was reading", async () => {
  const controller = new AbortController();
  let closed = false;
  function* endless(): Generator<Job<number>> {
    try {
      for (let place = 0; ; place++) yield { place, index: place, start: () => climb(0, 3) };
    } finally {
      closed = true;
    }
  }
  const all = (async () => {
    for await (const { place } of pack(counting(4), endless(), { signal: controller.signal })) {
      if (place === 9) controller.abort(new Error("enough"));
    }
  })();
  await expect(all).rejects.toThrow("enough");
  expect(closed).toBe(true);
});

const batch = smallBatch();
const { images, labels } = batch;

const noisy = (): Classifier =>
  createClassifier("resnet-mini", {
    channels: 1,
    height: SIZE,
    width: SIZE,
    classNames: ["a", "b", "c"],
    random: createGenerator(5),
    defence: { inputNoise: { distribution: "normal", scale: 0.5 } },
  });

it("answers the few that are left in a smaller batch, with the same bits", async () => {
  const target = createTarget(smallNetwork(), { batchSize: labels.length, threads: 1 });
  const [whole, few] = [await target.logits(images), await target.logits(images.slice(0, 5 * SIZE * SIZE))];
  await target.dispose();
  expect(labels.length).toBeGreaterThan(20);
  expect(few).toEqual(whole.slice(0, few.length));
});

it("gives maps of few pixels the same bits in batches of another size", async () => {
  const classifier = createClassifier("resnet-mini", {
    channels: 1,
    height: 8,
    width: 8,
    classNames: ["a", "b", "c"],
    random: createGenerator(6),
  });
  const count = 60;
  const pixels = createGenerator(7)
    .stream("images")
    .fillUniform(new Float32Array(count * 64), 0, 1);
  const planned = planAttack(pgd, { norm: "l2", epsilon: 1 }, { steps: 3, restarts: 1 });
  const found = await Promise.all(
    [count, 4].map(async (batchSize) => {
      const target = createTarget(classifier, { batchSize, threads: 1 });
      const given = {
        images: pixels,
        labels: new Int32Array(count),
        indices: Uint32Array.from(pixels.subarray(0, count).keys()),
        size: count,
      };
      try {
        return (await runAttack(target, planned, given, { random: createGenerator(2) })).adversarial;
      } finally {
        await target.dispose();
      }
    }),
  );
  expect(found[1]).toEqual(found[0]);
});

it.each([
  ["a network", () => smallNetwork()],
  ["a randomised one", noisy],
])("gives %s the same verdicts in batches of another size", async (_, make) => {
  const planned = planAttack(pgd, { norm: "linf", epsilon: 0.1 }, { steps: 6, restarts: 2, keep: "success" });
  const found = await Promise.all(
    [labels.length, 7].map(async (batchSize) => {
      const target = createTarget(make(), { batchSize, threads: 1 });
      try {
        return await runAttack(target, planned, batch, { random: createGenerator(2) });
      } finally {
        await target.dispose();
      }
    }),
  );
  const [whole, packed] = found as [(typeof found)[0], (typeof found)[0]];
  expect(packed.success).toEqual(whole.success);
  expect(packed.adversarialPrediction).toEqual(whole.adversarialPrediction);
  expect(packed.gradientQueries).toBe(whole.gradientQueries);
  const furthest = packed.adversarial.reduce(
    (most, x, i) => Math.max(most, Math.abs(x - whole.adversarial[i]!)),
    0,
  );
  expect(furthest).toBeLessThan(1e-5);
});
