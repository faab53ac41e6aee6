import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Adversarial logit pairing (Kannan et al. 2018). */
export const alp: Recipe = Object.freeze<Recipe>({
  name: "alp",
  title: "ALP",
  description: "Adversarial training that also pulls together the logits of each clean/adversarial pair.",
  source: "Kannan et al. 2018, arXiv:1803.06373",
  adversary: DEFAULT_ADVERSARY,
  weights: { clean: 0.5, adversarial: 0.5, logitPairing: 0.1 },
});
