import type { IndexingOp } from "../../graph/index.js";
import type { Rules } from "../rule.js";

export const INDEXING_RULES: Rules<IndexingOp> = {};
