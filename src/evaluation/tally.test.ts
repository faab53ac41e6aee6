import { expect, test } from "vitest";
import type { Outcome } from "./attack-dataset.js";
import { createTally } from "./tally.js";

const standing = (place: number): Outcome => ({
  place,
  index: place,
  label: 0,
  forwardQueries: 0,
  gradientQueries: 7,
  zeroGradient: true,
  value: {
    adversarial: new Float32Array(),
    cleanPrediction: 0,
    adversarialPrediction: 0,
    success: false,
    distance: 0,
    cleanLoss: 0,
    adversarialLoss: 0,
    nonFinite: false,
  },
});

test("of images with a zero gradient those stand that are finished: of the others nothing is known yet", () => {
  const tally = createTally();
  tally.add(standing(0));
  tally.add(standing(1), { unfinished: true });
  expect(tally.totals).toMatchObject({ zeroGradient: 2, zeroStanding: 1 });
  tally.add(standing(1));
  expect(tally.totals.zeroStanding).toBe(2);
});
