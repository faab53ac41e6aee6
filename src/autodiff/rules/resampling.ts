import type { ResamplingOp } from "../../graph/index.js";
import type { Rules } from "../rule.js";

export const RESAMPLING_RULES: Rules<ResamplingOp> = {};
