import type { RecurrentOp } from "../../src/graph/index.js";
import type { Kernels } from "./kernel.js";

export const RECURRENT_KERNELS: Kernels<RecurrentOp> = {};
