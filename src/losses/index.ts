export { attentionMap, attentionPairing } from "./attention-pairing.js";
export { crossEntropy } from "./cross-entropy.js";
export { gradientModel, type GradientModelOptions } from "./gradient-model.js";
export { inputGradientPenalty } from "./input-gradient.js";
export type { Branch, LossInputs } from "./inputs.js";
export { klDivergence } from "./kl-divergence.js";
export { labelLogOdds } from "./label-log-odds.js";
export { logitPairing } from "./logit-pairing.js";
export {
  differenceOfLogitsRatio,
  margin,
  probabilityMargin,
  targetedDifferenceOfLogitsRatio,
  targetedMargin,
} from "./margins.js";
export { boostedCrossEntropy, misclassificationKl } from "./mart.js";
export { needsOf, TERMS, weighedTerms, type LossTerm, type LossWeights, type Term } from "./terms.js";
export { totalLoss, type LossValues } from "./total.js";
