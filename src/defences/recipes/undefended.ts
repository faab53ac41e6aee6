import type { Recipe } from "../recipe.js";

/** No defence: cross-entropy of clean images. */
export const undefended: Recipe = Object.freeze<Recipe>({
  name: "undefended",
  title: "No defence",
  description: "Plain training on clean images; the baseline for every defence.",
  source: "",
  adversary: undefined,
  weights: { clean: 1 },
});
