import type { IndexingOp } from "../../src/graph/index.js";
import type { Kernels } from "./kernel.js";

export const INDEXING_KERNELS: Kernels<IndexingOp> = {};
