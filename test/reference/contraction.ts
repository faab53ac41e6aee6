import type { ContractionOp } from "../../src/graph/index.js";
import type { Kernels } from "./kernel.js";

export const CONTRACTION_KERNELS: Kernels<ContractionOp> = {};
