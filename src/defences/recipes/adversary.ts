import type { AdversarySpec } from "../../attacks/index.js";

/** PGD with seven steps of 2.5 ε / 7 from a random start: enough to reach any point of the ball. */
export const DEFAULT_ADVERSARY: AdversarySpec = {
  norm: "linf",
  epsilon: 8 / 255,
  steps: 7,
  relativeStepSize: 2.5 / 7,
  randomStart: true,
  objective: "cross-entropy",
};
