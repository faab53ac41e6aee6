import type { ContractionOp } from "../../graph/index.js";
import type { Rules } from "../rule.js";

export const CONTRACTION_RULES: Rules<ContractionOp> = {};
