import { adam } from "./adam.js";
import type { OptimiserGraph, OptimiserSpec } from "./optimiser.js";
import { sgd } from "./sgd.js";

export type { OptimiserGraph, OptimiserSpec } from "./optimiser.js";

/** Defaults of each optimiser: PyTorch's, except for the momentum of SGD. */
export const OPTIMISERS: Readonly<Record<OptimiserSpec["kind"], OptimiserSpec>> = Object.freeze({
  sgd: { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 5e-4 },
  adam: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  adamw: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
});

export function optimiserGraph(spec: OptimiserSpec): OptimiserGraph {
  return spec.kind === "sgd" ? sgd(spec) : adam(spec);
}
