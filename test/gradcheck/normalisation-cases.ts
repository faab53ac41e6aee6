import type { GradCase } from "./check.js";

export const NORMALISATION_CASES: Readonly<Record<string, readonly GradCase[]>> = {};
