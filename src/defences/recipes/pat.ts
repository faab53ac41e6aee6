import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Adversarial training (Madry et al. 2018): cross-entropy of PGD examples alone. */
export const pat: Recipe = Object.freeze<Recipe>({
  name: "pat",
  title: "PAT",
  description: "Plain adversarial training: cross-entropy of PGD examples.",
  source: "Madry et al. 2018, arXiv:1706.06083",
  adversary: DEFAULT_ADVERSARY,
  weights: { adversarial: 1 },
});
