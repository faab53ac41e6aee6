import type { GradCase } from "./check.js";

export const CONTRACTION_CASES: Readonly<Record<string, readonly GradCase[]>> = {};
