import type { Raise } from "../raise.js";

export const NORMALISATION: Readonly<Record<string, Raise>> = {};
