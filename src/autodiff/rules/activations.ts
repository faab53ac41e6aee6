import type { ActivationOp } from "../../graph/index.js";
import type { Rules } from "../rule.js";

export const ACTIVATIONS_RULES: Rules<ActivationOp> = {};
