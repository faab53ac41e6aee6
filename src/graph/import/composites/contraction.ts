import type { Raise } from "../raise.js";

export const CONTRACTION: Readonly<Record<string, Raise>> = {};
