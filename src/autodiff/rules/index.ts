import { isFlat, type Node, type OpType } from "../../graph/index.js";
import type { Rule, Rules } from "../rule.js";
import { ELEMENTWISE_RULES } from "./elementwise.js";
import { ACTIVATIONS_RULES } from "./activations.js";
import { NORMALISATION_RULES } from "./normalisation.js";
import { CONTRACTION_RULES } from "./contraction.js";
import { INDEXING_RULES } from "./indexing.js";
import { CONVOLUTION_RULES } from "./convolution.js";
import { POOLING_RULES } from "./pooling.js";
import { REDUCTION_RULES } from "./reduction.js";
import { SHAPING_RULES } from "./shaping.js";

/** The gradient of every op of the catalogue that passes one. */
export const RULES: Rules<OpType> = {
  ...ELEMENTWISE_RULES,
  ...SHAPING_RULES,
  ...CONVOLUTION_RULES,
  ...POOLING_RULES,
  ...REDUCTION_RULES,
  ...ACTIVATIONS_RULES,
  ...NORMALISATION_RULES,
  ...CONTRACTION_RULES,
  ...INDEXING_RULES,
};

/** The estimator of Bengio et al. 2013 (arXiv:1308.3432, §4): the gradient passes as if through an identity. */
const straightThrough: Rule = ({ inputs, outputGrads: [yGrad] }) =>
  inputs.map((_, i) => (i === 0 ? yGrad! : null));

/** The rule of a node; undefined where its derivative is zero. */
export function ruleOf(node: Pick<Node, "op" | "straightThrough">): Rule | undefined {
  if (node.straightThrough === true) return straightThrough;
  return isFlat(node.op) ? undefined : (RULES[node.op] as Rule);
}
