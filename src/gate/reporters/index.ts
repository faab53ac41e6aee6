import type { Verdict } from "../check/verdict.js";
import { github } from "./github.js";
import { junit } from "./junit.js";
import { markdown } from "./markdown.js";
import { sarif } from "./sarif.js";
import { terminal } from "./terminal.js";

/**
 * What a verdict is written as, by name.
 *
 * @example
 * ```ts
 * import { REPORTERS, type Verdict } from "holdfast";
 *
 * export const forCi = (verdict: Verdict): string => REPORTERS.junit(verdict);
 * ```
 */
export const REPORTERS = Object.freeze({
  terminal,
  junit,
  markdown,
  github,
  sarif,
  json: (verdict: Verdict): string => `${JSON.stringify(verdict, null, 2)}\n`,
}) satisfies Readonly<Record<string, (verdict: Verdict) => string>>;

/** Name of a reporter, as `--reporter` takes it. */
export type ReporterName = keyof typeof REPORTERS;
