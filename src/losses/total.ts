import type { GraphBuilder, Value } from "../graph/index.js";
import type { LossInputs } from "./inputs.js";
import { needsOf, TERMS, weighedTerms, type LossWeights } from "./terms.js";

/** A loss and its parts. */
export interface LossValues {
  /** `[N]`: the weighted sum, per image. */
  readonly perImage: Value;
  /** Unweighted terms `[N]` by the names of their weights. */
  readonly terms: Readonly<Record<string, Value>>;
}

/**
 * The weighted sum of terms for each image; AT+ALP's eq. 2 is
 *
 *   L[n] = w_clean · L_CE(x) + w_adv · L_CE(x + δ) + α · L_ALP + β · L_AT
 *
 * @throws RangeError when a weighted term lacks its branch.
 */
export function totalLoss(g: GraphBuilder, inputs: LossInputs, weights: LossWeights): LossValues {
  const needs = needsOf(weights);
  for (const half of ["clean", "adversarial"] as const) {
    if (needs[half] && inputs[half] === undefined) {
      throw new RangeError(`the loss has a term that needs the ${half} images`);
    }
  }
  const terms: Record<string, Value> = {};
  const weighted: Value[] = [];
  for (const [name, weight] of weighedTerms(weights)) {
    const term = TERMS[name].build(g, inputs);
    terms[name] = term;
    weighted.push(weight === 1 ? term : g.op("Mul", [term, g.scalar(weight, term)]));
  }
  if (weighted.length === 0) throw new RangeError("every weight of the loss is 0");
  const perImage =
    weighted.length === 1 ? weighted[0]! : g.op("Sum", weighted, {}, { name: "loss_per_image" });
  return { perImage, terms };
}
