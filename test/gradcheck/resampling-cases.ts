import type { GradCase } from "./check.js";

export const RESAMPLING_CASES: Readonly<Record<string, readonly GradCase[]>> = {};
