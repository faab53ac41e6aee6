import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Free adversarial training (Shafahi et al. 2019): each batch is replayed, and one gradient moves both. */
export const free: Recipe = Object.freeze<Recipe>({
  name: "free",
  title: "Free AT",
  description:
    "Adversarial training that replays each batch eight times and updates images and weights with the same gradient.",
  source: "Shafahi et al. 2019, arXiv:1904.12843",
  adversary: { ...DEFAULT_ADVERSARY, steps: 1, relativeStepSize: 1, randomStart: false },
  weights: { adversarial: 1 },
  replays: 8,
});
