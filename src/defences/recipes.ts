import type { AdversarySpec } from "../attacks/index.js";
import type { Recipe } from "./recipe.js";

/** PGD with seven steps of 2.5 ε / 7 from a random start: enough to reach any point of the ball. */
export const DEFAULT_ADVERSARY: AdversarySpec = {
  norm: "linf",
  epsilon: 8 / 255,
  steps: 7,
  relativeStepSize: 2.5 / 7,
  randomStart: true,
  objective: "cross-entropy",
};

/** No defence: cross-entropy of clean images. */
export const undefended: Recipe = {
  name: "undefended",
  title: "No defence",
  description: "Plain training on clean images; the model that every defence is compared with.",
  source: "",
  adversary: undefined,
  weights: { clean: 1, adversarial: 0, logitPairing: 0, attentionPairing: 0 },
};

/** Adversarial training (Madry et al. 2018): cross-entropy of PGD examples alone. */
export const pat: Recipe = {
  name: "pat",
  title: "PAT",
  description: "Plain adversarial training: cross-entropy of PGD examples.",
  source: "Madry et al. 2018, arXiv:1706.06083",
  adversary: DEFAULT_ADVERSARY,
  weights: { clean: 0, adversarial: 1, logitPairing: 0, attentionPairing: 0 },
};

/** Adversarial logit pairing (Kannan et al. 2018). */
export const alp: Recipe = {
  name: "alp",
  title: "ALP",
  description: "Adversarial training that also pulls the logits of each clean/adversarial pair together.",
  source: "Kannan et al. 2018, arXiv:1803.06373",
  adversary: DEFAULT_ADVERSARY,
  weights: { clean: 0.5, adversarial: 0.5, logitPairing: 0.1, attentionPairing: 0 },
};

/** Attention pairing alone (AT+ALP with α = 0). */
export const at: Recipe = {
  name: "at",
  title: "AT",
  description: "Adversarial training that also pulls the attention maps of each pair together.",
  source: "Goodman et al. 2020, eq. 4 with α = 0",
  adversary: DEFAULT_ADVERSARY,
  weights: { clean: 0.5, adversarial: 0.5, logitPairing: 0, attentionPairing: 0.5 },
};

/** Attention and adversarial logit pairing: the paper's method, eqs. 1–4. */
export const atAlp: Recipe = {
  name: "at-alp",
  title: "AT+ALP",
  description: "Adversarial training that pairs both the attention maps and the logits.",
  source: "Goodman et al. 2020, eqs. 1–4",
  adversary: DEFAULT_ADVERSARY,
  weights: { clean: 0.5, adversarial: 0.5, logitPairing: 0.1, attentionPairing: 0.5 },
};

/** Every recipe by name, in Table 1's order. */
export const RECIPES: Readonly<Record<string, Recipe>> = Object.freeze({
  [undefended.name]: undefended,
  [pat.name]: pat,
  [alp.name]: alp,
  [at.name]: at,
  [atAlp.name]: atAlp,
});
