import type { NormalisationOp } from "../../graph/index.js";
import type { Rules } from "../rule.js";

export const NORMALISATION_RULES: Rules<NormalisationOp> = {};
