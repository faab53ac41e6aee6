import { afterAll, expect, it } from "vitest";
import { smallBatch, smallNetwork } from "../../test/small-network.js";
import { createGenerator } from "../tensor/index.js";
import type { Answer, Query } from "./asking.js";
import { imagesOf } from "./harness.js";
import {
  apgd,
  averagedTarget,
  CARDS,
  createTarget,
  defineAttack,
  FORWARD,
  planAttack,
  pgd,
  runAttack,
  STEP,
  watchImages,
  type PlannedAttack,
  type Target,
  type Watched,
} from "./index.js";

const batch = smallBatch();
const context = { random: createGenerator(1) };
const target = createTarget(smallNetwork(), { batchSize: batch.size, threads: 1 });
afterAll(() => target.dispose());
const threat = { norm: "linf", epsilon: 0.3 } as const;

async function watchedBy(planned: PlannedAttack, on: Target = target): Promise<Watched[]> {
  const found: Watched[] = [];
  const images = imagesOf(batch, on.imageSize);
  for await (const { place, value } of watchImages(on, planned, images, context)) found[place] = value;
  return found;
}

it("an attack under observation comes to what it comes to alone, and its leads end above 0 where it succeeds", async () => {
  const planned = planAttack(apgd, threat, { steps: 10 });
  const found = await watchedBy(planned);
  const alone = await runAttack(target, planned, batch, context);
  expect(found.map(({ verdict }) => verdict.adversarialPrediction)).toEqual([...alone.adversarialPrediction]);
  for (const { verdict, walk } of found) {
    expect(verdict.success).toBe(true);
    expect(walk.leads.at(-1)).toBeGreaterThan(0);
    expect(walk).toMatchObject({ silent: 0, success: undefined });
  }
});

/** PGD that gives back the clean image whatever it found. */
const forgetful = defineAttack(CARDS.pgd, function* (subject, options) {
  yield* pgd.run(subject, options);
  return subject.image;
});

it("an adversarial image that an attack saw and did not give back is lost", async () => {
  const found = await watchedBy(planAttack(forgetful, threat));
  expect(new Set(found.map(({ walk }) => walk.success))).toEqual(new Set(["lost"]));
});

it("one that only the attack's own answers call adversarial is refuted", async () => {
  const clean = await target.logits(batch.images);
  const classes = target.classCount;
  // What the model says of an image by itself is what it says of the clean one.
  const answer = (query: Query, index: number, own: Answer): Answer =>
    query.question.key === FORWARD.key
      ? { [STEP.cleanLogits]: clean.slice(index * classes, (index + 1) * classes) }
      : own;
  const two: Target = {
    ...target,
    async answer(question, queries, at) {
      const answers = await target.answer(question, queries, at);
      return answers.map((own, i) => answer(queries[i]!, at[i]!.index, own));
    },
  };
  const found = await watchedBy(planAttack(pgd, threat), two);
  expect(new Set(found.map(({ walk }) => walk.success))).toEqual(new Set(["refuted"]));
});

it("a model that answers differently each time is scored by its mean", async () => {
  const random = createGenerator(5).stream("noise");
  const noisy: Target = {
    ...target,
    async answer(question, queries, at) {
      const answers = await target.answer(question, queries, at);
      return answers.map((own) => ({
        ...own,
        ...(question.key === FORWARD.key && {
          [STEP.cleanLogits]: own[STEP.cleanLogits]!.map((z) => z + 0.5 * (random.uniform() - 0.5)),
        }),
      }));
    },
  };
  const many = averagedTarget(noisy, 100);
  expect(many).toMatchObject({ randomised: true, samples: 100 });
  expect(many.drawsOf(FORWARD)).toBe(100);
  const probabilities = (logits: Float32Array): number[] =>
    Array.from({ length: batch.size }, (_, i) => {
      const row = Array.from(logits.subarray(3 * i, 3 * i + 3), Math.exp);
      return row[batch.labels[i]!]! / row.reduce((sum, p) => sum + p, 0);
    });
  const off = (a: number[], b: number[]): number => Math.max(...a.map((p, i) => Math.abs(p - b[i]!)));
  const exact = probabilities(await target.logits(batch.images));
  const once = off(probabilities(await averagedTarget(noisy, 1).logits(batch.images)), exact);
  expect(off(probabilities(await many.logits(batch.images)), exact)).toBeLessThan(once / 3);
});
