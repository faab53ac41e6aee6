export { attentionMap, attentionPairing } from "./attention-pairing.js";
export { crossEntropy } from "./cross-entropy.js";
export { inputGradientPenalty } from "./input-gradient.js";
export type { Branch, LossInputs } from "./inputs.js";
export { klDivergence } from "./kl-divergence.js";
export { logitPairing } from "./logit-pairing.js";
export { boostedCrossEntropy, misclassificationKl } from "./mart.js";
export { needsOf, TERMS, weighedTerms, type LossTerm, type LossWeights, type Term } from "./terms.js";
export { totalLoss, type LossValues } from "./total.js";
