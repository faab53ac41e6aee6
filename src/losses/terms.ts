import type { GraphBuilder, Value } from "../graph/index.js";
import { attentionPairing } from "./attention-pairing.js";
import { crossEntropy } from "./cross-entropy.js";
import { inputGradientPenalty } from "./input-gradient.js";
import type { LossInputs } from "./inputs.js";
import { klDivergence } from "./kl-divergence.js";
import { logitPairing } from "./logit-pairing.js";
import { boostedCrossEntropy, misclassificationKl } from "./mart.js";

/** One term of a loss: `[N]`, unweighted. */
export interface Term {
  /** As printed: `α · logit pairing`. */
  readonly title: string;
  readonly needs: { readonly clean: boolean; readonly adversarial: boolean; readonly attention?: true };
  readonly build: (g: GraphBuilder, inputs: LossInputs) => Value;
}

const clean = { clean: true, adversarial: false } as const;
const adversarial = { clean: false, adversarial: true } as const;
const pair = { clean: true, adversarial: true } as const;

/** Names of the terms, and of their weights. */
export type LossTerm =
  | "clean"
  | "adversarial"
  | "logitPairing"
  | "attentionPairing"
  | "inputGradient"
  | "inputGradientBatchMean"
  | "klDivergence"
  | "boosted"
  | "misclassificationKl";

/** Every term by the name of its weight. Adding one: a file beside this one, a line here, a row in the tests. */
export const TERMS: Readonly<Record<LossTerm, Term>> = Object.freeze<Record<LossTerm, Term>>({
  /** Cross-entropy of the clean images. */
  clean: {
    title: "cross-entropy (clean)",
    needs: clean,
    build: (g, { clean, oneHot }) => crossEntropy(g, clean!.logits, oneHot),
  },
  /** Cross-entropy of the adversarial images. */
  adversarial: {
    title: "cross-entropy (adversarial)",
    needs: adversarial,
    build: (g, { adversarial, oneHot }) => crossEntropy(g, adversarial!.logits, oneHot),
  },
  /** α: squares summed over the logits. */
  logitPairing: {
    title: "logit pairing",
    needs: pair,
    build: (g, { clean, adversarial }) => logitPairing(g, clean!.logits, adversarial!.logits),
  },
  /** β: unsquared norms summed over the groups. */
  attentionPairing: {
    title: "attention pairing",
    needs: { ...pair, attention: true },
    build: (g, { clean, adversarial }) => attentionPairing(g, clean!.attention, adversarial!.attention),
  },
  /** λ: squared norm of each image's own input gradient. */
  inputGradient: {
    title: "squared input gradient",
    needs: clean,
    build: (g, inputs) => inputGradientPenalty(g, inputs, "per-sample"),
  },
  /** λ: squared norm of the gradient of the batch's mean cross-entropy. */
  inputGradientBatchMean: {
    title: "squared input gradient of the batch mean",
    needs: clean,
    build: (g, inputs) => inputGradientPenalty(g, inputs, "batch-mean"),
  },
  /** TRADES's β. */
  klDivergence: {
    title: "KL(clean ‖ adversarial)",
    needs: pair,
    build: (g, { clean, adversarial }) => klDivergence(g, clean!.logits, adversarial!.logits),
  },
  /** MART's first term. */
  boosted: {
    title: "boosted cross-entropy (adversarial)",
    needs: adversarial,
    build: (g, { adversarial, oneHot }) => boostedCrossEntropy(g, adversarial!.logits, oneHot),
  },
  /** MART's λ. */
  misclassificationKl: {
    title: "KL(clean ‖ adversarial) weighted by misclassification",
    needs: pair,
    build: (g, { clean, adversarial, oneHot }) =>
      misclassificationKl(g, clean!.logits, adversarial!.logits, oneHot),
  },
});

/** The terms that weigh something, in the table's order. */
export function weighedTerms(weights: LossWeights): readonly (readonly [LossTerm, number])[] {
  return (Object.keys(TERMS) as LossTerm[]).flatMap((name) => {
    const weight = weights[name] ?? 0;
    return weight === 0 ? [] : [[name, weight] as const];
  });
}

/** Weights of the terms; an absent one, or 0, leaves its term out of the graph. */
export type LossWeights = Readonly<Partial<Record<LossTerm, number>>>;

/** What the weighed terms need together. */
export function needsOf(weights: LossWeights): {
  readonly clean: boolean;
  readonly adversarial: boolean;
  readonly attention: boolean;
} {
  const needs = weighedTerms(weights).map(([name]) => TERMS[name].needs);
  return {
    clean: needs.some((need) => need.clean),
    adversarial: needs.some((need) => need.adversarial),
    attention: needs.some((need) => need.attention === true),
  };
}
