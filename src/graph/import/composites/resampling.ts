import type { Raise } from "../raise.js";

export const RESAMPLING: Readonly<Record<string, Raise>> = {};
