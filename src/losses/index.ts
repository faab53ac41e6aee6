export { attentionMap, attentionPairing } from "./attention-pairing.js";
export { crossEntropy } from "./cross-entropy.js";
export { logitPairing } from "./logit-pairing.js";
export { totalLoss, type Branch, type LossValues, type LossWeights } from "./total.js";
