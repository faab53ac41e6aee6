import type { GradCase } from "./check.js";

export const ACTIVATIONS_CASES: Readonly<Record<string, readonly GradCase[]>> = {};
