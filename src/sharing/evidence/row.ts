import type { ModelInfo, Result } from "../../evaluation/index.js";
import { describeScore, type Finding } from "../findings.js";
import { inline, table } from "../markdown.js";

/** What a page of evidence is made from. */
export interface Measured {
  readonly result: Result;
  readonly model: ModelInfo;
  readonly findings: readonly Finding[];
}

/** A term of a document, and the measurements that relate to it. */
export interface Row {
  readonly term: string;
  /** Its place in the document. */
  readonly clause: string;
  /** Markdown: the numbers, or that there are none. */
  readonly measured: string;
  /** Markdown: what this does not show. */
  readonly open: string;
}

export const NOTHING = "Nothing was measured.";

/** Findings by number with their accuracies and intervals; a false one is marked. */
export function cite(findings: readonly Finding[]): string {
  if (findings.length === 0) return NOTHING;
  return findings
    .map((finding) => {
      const { id, falsifiedBy } = finding;
      const serious = falsifiedBy === undefined ? "" : ` **(a serious warning calls it false: see ${id})**`;
      return `${id}: ${describeScore(finding)}${serious}`;
    })
    .join("; ");
}

export function rowsTable(rows: readonly Row[]): string {
  return table(
    ["term", "where", "what was measured", "what it does not show"],
    rows.map(({ term, clause, measured, open }) => [term, clause, measured, open]),
  );
}

/** User-chosen names, as a list within a line. */
export function names(items: readonly string[]): string {
  return [...new Set(items)].map(inline).join(", ");
}
