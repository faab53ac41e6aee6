import type { OpType } from "../../graph/index.js";
import type { RuleEntry } from "../rule.js";
import { ELEMENTWISE_RULES } from "./elementwise.js";
import { NEURAL_RULES } from "./neural.js";
import { REDUCTION_RULES } from "./reduction.js";
import { SHAPING_RULES } from "./shaping.js";

/** The gradient of every op of the catalogue: an op without an entry does not compile. */
export const RULES: Readonly<Record<OpType, RuleEntry>> = {
  ...ELEMENTWISE_RULES,
  ...SHAPING_RULES,
  ...NEURAL_RULES,
  ...REDUCTION_RULES,
};
