import { escapeMarkdown } from "../gate/index.js";
import type { HistoryNote } from "./history.js";
import { plainText } from "./text.js";

/** User-chosen text within a line of Markdown: none of it acts as markup, and nothing is hidden. */
export function inline(text: string): string {
  return escapeMarkdown(plainText(text));
}

/** A table; cells are Markdown within a line. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A line of code as a block that its content cannot end; line breaks are shown as their code. */
export function codeBlock(line: string, language: string): string {
  const longest = Math.max(2, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${plainText(line)}\n${fence}`;
}

export function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

/** Joins paragraphs and blocks with empty lines; empty ones are left out. */
export function document(...blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

const SEVERITY: Readonly<Record<HistoryNote["severity"], string>> = {
  serious: "**Something is wrong:** ",
  warning: "**Take care:** ",
  info: "",
};

/** The notes of a history as bullets; empty if there are none. */
export function notesMarkdown(notes: readonly HistoryNote[]): string {
  return bullets(notes.map(({ severity, text }) => SEVERITY[severity] + inline(text)));
}
