import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Attention pairing alone (AT+ALP with α = 0). */
export const at: Recipe = Object.freeze<Recipe>({
  name: "at",
  title: "AT",
  description: "Adversarial training that also pulls together the attention maps of each pair.",
  source: "Goodman et al. 2020, eq. 4 with α = 0",
  adversary: DEFAULT_ADVERSARY,
  weights: { clean: 0.5, adversarial: 0.5, attentionPairing: 0.5 },
});
