import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Fast adversarial training (Wong et al. 2020): one large step from a random start. */
export const fast: Recipe = Object.freeze<Recipe>({
  name: "fast",
  title: "Fast AT",
  description:
    "Adversarial training with one step of 1.25 ε from a random start; cheap, and watched for catastrophic overfitting.",
  source: "Wong et al. 2020, arXiv:2001.03994",
  adversary: { ...DEFAULT_ADVERSARY, steps: 1, relativeStepSize: 1.25 },
  weights: { adversarial: 1 },
});
