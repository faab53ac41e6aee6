import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Feature denoising (Xie et al. 2019): a non-local block after each group, with adversarial training. */
export const fd: Recipe = Object.freeze<Recipe>({
  name: "fd",
  title: "FD",
  description:
    "Adversarial training of a network with a denoising block (embedded Gaussian) after each group.",
  source: "Xie et al. 2019, arXiv:1812.03411",
  adversary: DEFAULT_ADVERSARY,
  weights: { adversarial: 1 },
  model: { denoising: { filter: "embedded-gaussian" } },
});
