import type { Recipe } from "../recipe.js";
import { DEFAULT_ADVERSARY } from "./adversary.js";

/** Attention and adversarial logit pairing: the paper's method, eqs. 1–4. */
export const atAlp: Recipe = Object.freeze<Recipe>({
  name: "at-alp",
  title: "AT+ALP",
  description: "Adversarial training that pairs both the attention maps and the logits.",
  source: "Goodman et al. 2020, eqs. 1–4",
  adversary: DEFAULT_ADVERSARY,
  weights: { clean: 0.5, adversarial: 0.5, logitPairing: 0.1, attentionPairing: 0.5 },
});
