import type { Recipe } from "../recipe.js";

/** Random resizing and padding at test (Xie et al. 2018); no retraining. */
export const randomization: Recipe = Object.freeze<Recipe>({
  name: "randomization",
  title: "Randomization",
  description:
    "Plain training; at test time each image is resized and padded at random (about 299 → 310–331).",
  source: "Xie et al. 2018, arXiv:1711.01991",
  adversary: undefined,
  weights: { clean: 1 },
  model: { randomResize: { smallest: 310 / 299, largest: 331 / 299, when: "test" } },
});
