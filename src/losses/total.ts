import type { GraphBuilder, Value } from "../graph/index.js";
import { attentionPairing } from "./attention-pairing.js";
import { crossEntropy } from "./cross-entropy.js";
import { logitPairing } from "./logit-pairing.js";

/** Weights of the terms of AT+ALP eq. 2. A term of weight 0 is left out of the graph. */
export interface LossWeights {
  /** Cross-entropy of the clean images. */
  readonly clean: number;
  /** Cross-entropy of the adversarial images. */
  readonly adversarial: number;
  /** α: {@link logitPairing}, squares summed over the logits. */
  readonly logitPairing: number;
  /** β: {@link attentionPairing}, unsquared norms summed over the groups. */
  readonly attentionPairing: number;
}

/** What a classifier says of one half of a clean/adversarial pair. */
export interface Branch {
  /** `[N, K]` */
  readonly logits: Value;
  /** Normalised attention maps `[N, h·w]`, one a group; needed only with attention pairing. */
  readonly attention: readonly Value[];
}

/** A loss and its parts. */
export interface LossValues {
  /** `[N]`: the weighted sum, per image. */
  readonly perImage: Value;
  /** Unweighted terms `[N]` by name: `clean`, `adversarial`, `logitPairing`, `attentionPairing`. */
  readonly terms: Readonly<Record<string, Value>>;
}

/**
 * The loss of AT+ALP, eq. 2, for each image:
 *
 *   L[n] = w_clean · L_CE(x) + w_adv · L_CE(x + δ) + α · L_ALP + β · L_AT
 *
 * @throws RangeError when a weighted term lacks its branch.
 */
export function totalLoss(
  g: GraphBuilder,
  inputs: { readonly clean?: Branch; readonly adversarial?: Branch; readonly oneHot: Value },
  weights: LossWeights,
): LossValues {
  const { clean, adversarial, oneHot } = inputs;
  const branch = (found: Branch | undefined, which: string): Branch => {
    if (found === undefined) throw new RangeError(`the loss weighs a term that needs the ${which} images`);
    return found;
  };
  const builders: Record<keyof LossWeights, () => Value> = {
    clean: () => crossEntropy(g, branch(clean, "clean").logits, oneHot),
    adversarial: () => crossEntropy(g, branch(adversarial, "adversarial").logits, oneHot),
    logitPairing: () =>
      logitPairing(g, branch(clean, "clean").logits, branch(adversarial, "adversarial").logits),
    attentionPairing: () =>
      attentionPairing(g, branch(clean, "clean").attention, branch(adversarial, "adversarial").attention),
  };
  const terms: Record<string, Value> = {};
  const weighted: Value[] = [];
  for (const [name, build] of Object.entries(builders)) {
    const weight = weights[name as keyof LossWeights];
    if (weight === 0) continue;
    const term = build();
    terms[name] = term;
    weighted.push(weight === 1 ? term : g.op("Mul", [term, g.scalar(weight, term)]));
  }
  if (weighted.length === 0) throw new RangeError("every weight of the loss is 0");
  const perImage =
    weighted.length === 1 ? weighted[0]! : g.op("Sum", weighted, {}, { name: "loss_per_image" });
  return { perImage, terms };
}
