import type { Raise } from "../raise.js";

export const INDEXING: Readonly<Record<string, Raise>> = {};
