import type { Raise } from "../raise.js";

export const RECURRENT: Readonly<Record<string, Raise>> = {};
