import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** TRADES (Zhang et al. 2019): the adversary maximises the divergence that the loss minimises. */
export const trades: Recipe = Object.freeze<Recipe>({
  name: "trades",
  title: "TRADES",
  description:
    "Clean cross-entropy plus the divergence between the predictions of each clean/adversarial pair.",
  source: "Zhang et al. 2019, arXiv:1901.08573",
  adversary: { ...DEFAULT_ADVERSARY, objective: "kl", startDeviation: 0.001 },
  weights: { clean: 1, klDivergence: 6 },
});
