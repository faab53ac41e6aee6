import type { NormalisationOp } from "../../src/graph/index.js";
import type { Kernels } from "./kernel.js";

export const NORMALISATION_KERNELS: Kernels<NormalisationOp> = {};
