import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Adversarial weight perturbation (Wu et al. 2020) on top of adversarial training. */
export const awp: Recipe = Object.freeze<Recipe>({
  name: "awp",
  title: "AWP",
  description: "Adversarial training whose gradient is taken at weights that an adversary has moved too.",
  source: "Wu et al. 2020, arXiv:2004.05884",
  adversary: DEFAULT_ADVERSARY,
  weights: { adversarial: 1 },
  weightPerturbation: { gamma: 0.01, from: 0.1 },
});
