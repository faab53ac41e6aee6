import type { GradCase } from "./check.js";

export const RECURRENT_CASES: Readonly<Record<string, readonly GradCase[]>> = {};
