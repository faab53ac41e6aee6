import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** MART (Wang et al. 2020): pairs that are classified wrongly weigh more. */
export const mart: Recipe = Object.freeze<Recipe>({
  name: "mart",
  title: "MART",
  description:
    "Boosted cross-entropy of PGD examples, and a divergence that weighs misclassified images more.",
  source: "Wang et al. 2020, ICLR (rklOg6EFwS)",
  adversary: DEFAULT_ADVERSARY,
  weights: { boosted: 1, misclassificationKl: 5 },
});
