import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
/** The compiled sources, in the same places as theirs in the repository. */
export const COMPILED = join(ROOT, "node_modules/.cache/holdfast");
