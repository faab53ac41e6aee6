import type { Verdict } from "../check/verdict.js";
import { github } from "./github.js";
import { junit } from "./junit.js";
import { markdown } from "./markdown.js";
import { sarif } from "./sarif.js";
import { terminal } from "./terminal.js";

/**
 * Formats of a verdict, by name.
 *
 * @example
 * ```ts
 * import { REPORTERS, type Verdict } from "holdfast";
 *
 * export const forCi = (verdict: Verdict): string => REPORTERS.junit(verdict);
 * ```
 */
export const REPORTERS: Readonly<Record<ReporterName, (verdict: Verdict) => string>> = Object.freeze({
  terminal,
  junit,
  markdown,
  github,
  sarif,
  json: (verdict) => `${JSON.stringify(verdict, null, 2)}\n`,
});

/** Name of a reporter, as `--reporter` takes it. */
export type ReporterName = "terminal" | "junit" | "markdown" | "github" | "sarif" | "json";
