export { attentionMap, attentionPairing } from "./attention-pairing.js";
export { gradientModel, type GradientModelOptions } from "./gradient-model.js";
export type { Branch } from "./inputs.js";
export { labelLogOdds } from "./label-log-odds.js";
export {
  differenceOfLogitsRatio,
  margin,
  probabilityMargin,
  targetedDifferenceOfLogitsRatio,
  targetedMargin,
} from "./margins.js";
export { needsOf, TERMS, weighedTerms, type LossTerm, type LossWeights, type Term } from "./terms.js";
export { totalLoss } from "./total.js";
