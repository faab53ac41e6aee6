import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Noise in training and at test, with adversarial training (Araujo et al. 2019). */
export const rat: Recipe = Object.freeze<Recipe>({
  name: "rat",
  title: "RAT",
  description:
    "Adversarial training with Gaussian noise added to the image and the first activation, also at test time.",
  source: "Araujo et al. 2019, arXiv:1903.10219",
  adversary: DEFAULT_ADVERSARY,
  weights: { adversarial: 1 },
  model: {
    inputNoise: { distribution: "normal", scale: 0.1 },
    activationNoise: { distribution: "normal", scale: 0.1 },
  },
});
