import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Adversarial weight perturbation (Wu et al. 2020) on top of adversarial training. */
export const awp: Recipe = Object.freeze<Recipe>({
  name: "awp",
  title: "AWP",
  description: "Adversarial training that takes its gradient at weights perturbed by a second adversary.",
  source: "Wu et al. 2020, arXiv:2004.05884",
  adversary: DEFAULT_ADVERSARY,
  weights: { adversarial: 1 },
  weightPerturbation: { gamma: 0.01, from: 0.1 },
});
