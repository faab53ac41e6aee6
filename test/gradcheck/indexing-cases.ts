import type { GradCase } from "./check.js";

export const INDEXING_CASES: Readonly<Record<string, readonly GradCase[]>> = {};
