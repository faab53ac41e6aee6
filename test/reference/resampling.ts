import type { ResamplingOp } from "../../src/graph/index.js";
import type { Kernels } from "./kernel.js";

export const RESAMPLING_KERNELS: Kernels<ResamplingOp> = {};
