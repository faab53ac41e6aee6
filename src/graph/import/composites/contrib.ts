import type { Raise } from "../raise.js";

export const CONTRIB: Readonly<Record<string, Raise>> = {};
