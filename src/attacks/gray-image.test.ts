import { afterAll, describe, expect, it } from "vitest";
import { SMALL_SIZE as SIZE, smallBatch, smallNetwork } from "../../test/small-network.js";
import { createGenerator } from "../tensor/index.js";
import { createTarget, grayImage, holdsGrayImage, planAttack, runAttack } from "./index.js";

const batch = smallBatch();
const { labels, size } = batch;
const context = { random: createGenerator(1) };
const target = createTarget(smallNetwork(), { batchSize: size, threads: 1 });
afterAll(() => target.dispose());

describe("the gray image", () => {
  it("is the answer to every image that the model is right on, where the ball holds it", async () => {
    const { adversarial, success, cleanPrediction, gradientQueries } = await runAttack(
      target,
      planAttack(grayImage, { norm: "linf", epsilon: 0.5 }, {}),
      batch,
      context,
    );
    const answers = new Set<number>();
    for (let i = 0; i < size; i++) {
      if (success[i] === 0 || cleanPrediction[i] !== labels[i]) continue;
      adversarial.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE).forEach((pixel) => answers.add(pixel));
    }
    expect([...answers]).toEqual([0.5]);
    const standing = labels.filter((_, i) => success[i] === 0);
    expect(new Set(standing).size).toBeLessThanOrEqual(1);
    expect(gradientQueries).toBe(0);
  });

  it("stays in a smaller ball, and knows no L2", async () => {
    const { distance } = await runAttack(
      target,
      planAttack(grayImage, { norm: "linf", epsilon: 0.15 }, {}),
      batch,
      context,
    );
    expect(Math.max(...distance)).toBeLessThanOrEqual(0.15 + 1e-6);
    expect(() => planAttack(grayImage, { norm: "l2", epsilon: 9 })).toThrow(/does not support the norm l2/);
  });

  it.each([
    ["linf", 0.5, true],
    ["linf", 0.499, false],
    ["l2", 9, false],
  ] as const)("in %s at ε = %d lies in every ball: %s", (norm, epsilon, held) => {
    expect(holdsGrayImage({ norm, epsilon })).toBe(held);
  });
});
