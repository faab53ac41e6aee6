import { escapeMarkdown } from "../gate/index.js";
import type { HistoryNote } from "./history.js";
import { plainText } from "./text.js";

/** Text that users may have chosen, within a line of Markdown: nothing of it is markup, and nothing hides. */
export function inline(text: string): string {
  return escapeMarkdown(plainText(text));
}

/** A table; cells are Markdown within a line. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A line of code as a block that nothing in it can end; its line breaks are shown as their code. */
export function codeBlock(line: string, language: string): string {
  const longest = Math.max(2, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${plainText(line)}\n${fence}`;
}

export function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

/** Paragraphs and blocks with an empty line between each two; empty ones are left out. */
export function document(...blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

const SEVERITY: Readonly<Record<HistoryNote["severity"], string>> = {
  serious: "**Something is wrong:** ",
  warning: "**Take care:** ",
  info: "",
};

/** What a history notes, a bullet each; empty where it notes nothing. */
export function notesMarkdown(notes: readonly HistoryNote[]): string {
  return bullets(notes.map(({ severity, text }) => SEVERITY[severity] + inline(text)));
}
