import { afterAll, describe, expect, test } from "vitest";
import { smallFixture, SMALL_SIZE as SIZE, smallNetwork } from "../../test/small-network.js";
import { createGenerator } from "../tensor/index.js";
import {
  createFunctionTarget,
  createTarget,
  deepfool,
  hopSkipJump,
  planAttack,
  predictions,
  runAttack,
  type AttackBatch,
  type AttackedBatch,
  type Norm,
  type Target,
} from "./index.js";

const images = smallFixture("images").data as Float32Array;
const labels = smallFixture("labels").data as Int32Array;
const batch: AttackBatch = { images, labels, indices: Uint32Array.from(labels.keys()), size: labels.length };
const target = createTarget(smallNetwork(), { batchSize: 16, threads: 1 });
afterAll(() => target.dispose());

/** The same network, of which only the class is known. */
const named = createFunctionTarget(
  { channels: 1, height: SIZE, width: SIZE, classNames: ["a", "b", "c"] },
  async (some) => predictions(await target.logits(some), some.length / SIZE ** 2, 3),
  { batchSize: 12, gives: "labels" },
);

function attack(
  on: Target,
  norm: Norm,
  epsilon: number,
  options: { queries: number; stop?: "inside" | "end" },
  given: AttackBatch = batch,
): Promise<AttackedBatch> {
  return runAttack(on, planAttack(hopSkipJump, { norm, epsilon }, options), given, {
    random: createGenerator(3),
  });
}

const median = (values: ArrayLike<number>): number =>
  Array.from(values).sort((a, b) => a - b)[values.length >> 1]!;

describe.each<[Norm, number, number]>([
  ["linf", 1, 1.5],
  ["l2", 12, 1.15],
])("HopSkipJump in %s", (norm, wide, most) => {
  test("comes near what DeepFool finds by gradients, by labels alone", async () => {
    const found = await attack(named, norm, wide, { queries: 3000, stop: "end" });
    expect(found.success.every((each) => each === 1)).toBe(true);
    expect(found.gradientQueries).toBe(0);
    expect(found.forwardQueries).toBeLessThanOrEqual((3000 + 2) * labels.length);
    const planned = planAttack(deepfool, { norm, epsilon: wide });
    const straight = await runAttack(target, planned, batch, { random: createGenerator(3) });
    expect(median(found.distance)).toBeLessThan(most * median(straight.distance));
  }, 60_000);

  test("is the same with logits, and in batches of another size", async () => {
    const [byLabels, byLogits] = [
      await attack(named, norm, wide / 8, { queries: 200 }),
      await attack(target, norm, wide / 8, { queries: 200 }),
    ];
    expect([...byLogits.success]).toEqual([...byLabels.success]);
    expect([...byLogits.distance]).toEqual([...byLabels.distance]);
    expect(byLogits.forwardQueries).toBe(byLabels.forwardQueries);
  }, 60_000);
});

test("towards a class it begins at noise of that class, and stands where there is none", async () => {
  const targets = labels.map((label) => (label + 1) % 3);
  const found = await attack(target, "l2", 12, { queries: 500, stop: "end" }, { ...batch, targets });
  const reached = [...found.success].filter((each) => each === 1).length;
  found.success.forEach((each, i) => {
    if (each === 1) expect(found.adversarialPrediction[i]).toBe(targets[i]);
  });
  expect(reached).toBeGreaterThan(0);
}, 60_000);

test("ends at the first image inside the ball", async () => {
  const [inside, end] = [
    await attack(target, "l2", 6, { queries: 1000, stop: "inside" }),
    await attack(target, "l2", 6, { queries: 1000, stop: "end" }),
  ];
  expect([...inside.success]).toEqual([...end.success]);
  expect(inside.forwardQueries).toBeLessThan(end.forwardQueries / 2);
}, 60_000);

test("comes near in L∞ where the published probes would round to the image itself", async () => {
  // The class depends on 40 of 27648 values: the nearest image is 1 / 40 away.
  const [side, felt] = [96, Array.from({ length: 40 }, (_, k) => 691 * k + 17)];
  const area = 3 * side * side;
  const large = createFunctionTarget(
    { channels: 3, height: side, width: side, classNames: ["a", "b"] },
    async (some) =>
      Int32Array.from({ length: some.length / area }, (_, i) =>
        felt.reduce((sum, at, k) => sum + (k % 2 === 0 ? 1 : -1) * some[i * area + at]!, 0) > 1 ? 1 : 0,
      ),
    { batchSize: 1, gives: "labels" },
  );
  const one: AttackBatch = {
    images: new Float32Array(area).fill(0.6),
    labels: Int32Array.of(0),
    indices: Uint32Array.of(0),
    size: 1,
  };
  const { distance } = await attack(large, "linf", 1, { queries: 800, stop: "end" }, one);
  expect(distance[0]).toBeLessThan(1.1 / 40);
}, 60_000);
