import { isFlat, type OpType } from "../../graph/index.js";
import type { Rule, Rules } from "../rule.js";
import { ELEMENTWISE_RULES } from "./elementwise.js";
import { NEURAL_RULES } from "./neural.js";
import { REDUCTION_RULES } from "./reduction.js";
import { SHAPING_RULES } from "./shaping.js";

/** The gradient of every op of the catalogue that passes one. */
export const RULES: Rules<OpType> = {
  ...ELEMENTWISE_RULES,
  ...SHAPING_RULES,
  ...NEURAL_RULES,
  ...REDUCTION_RULES,
};

/** The rule of an op; undefined where its derivative is zero. */
export function ruleOf(op: OpType): Rule | undefined {
  return isFlat(op) ? undefined : (RULES[op] as Rule);
}
