import type { RecurrentOp } from "../../graph/index.js";
import type { Rules } from "../rule.js";

export const RECURRENT_RULES: Rules<RecurrentOp> = {};
