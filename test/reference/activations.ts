import type { ActivationOp } from "../../src/graph/index.js";
import type { Kernels } from "./kernel.js";

export const ACTIVATIONS_KERNELS: Kernels<ActivationOp> = {};
