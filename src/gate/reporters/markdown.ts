import type { AssertionVerdict, Verdict } from "../check/verdict.js";

/**
 * Text within a line of Markdown that never acts as markup, HTML, a link, an emoji, mathematics or a mention. Characters that
 * no renderer treats as markup stay, so the source is readable. Of the others, those that not every renderer escapes with a
 * backslash are written as numeric references.
 */
export function escapeMarkdown(text: string): string {
  const number = (character: string): string => `&#${character.codePointAt(0)};`;
  return (
    text
      .replace(/\s+/g, " ")
      .replace(/\p{Cc}/gu, "")
      .replace(/[&<>]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character]!)
      // Must come before the steps that insert numeric references.
      .replace(/[\\`*_{}[\]!#]/g, "\\$&")
      // Lists and headings start a line, and the text may do so too.
      .replace(/^ ?([-+])(?=[-+ ]|$)/, "\\$1")
      .replace(/^( ?\d+)([.)])(?= |$)/, "$1\\$2")
      .replace(/^ ?=+|={2,}/g, (run) => run.replace(/=/g, number))
      // A mention notifies a person, an address becomes a link, and a word between colons becomes an emoji.
      .replace(/[@|~$^]|:(?=\S)|(?<=\bwww)\./gi, number)
  );
}

/** A table for a pull request or `$GITHUB_STEP_SUMMARY`. */
export function markdown({ assertions, passed, dataset, models }: Verdict): string {
  const rows = assertions.map(({ model, metric, rule, found, ...rest }) =>
    [signOf(rest), ...[model, metric, rule, found].map(escapeMarkdown)].join(" | "),
  );
  const files = models.map(({ name, sha256 }) => `${escapeMarkdown(name)} \`${sha256.slice(0, 12)}\``);
  return [
    `### holdfast check: ${passed ? "passed" : "failed"}`,
    "",
    "| | model | what | must be | is |",
    "| --- | --- | --- | --- | --- |",
    ...rows.map((row) => `| ${row} |`),
    "",
    `${dataset.n} images of ${escapeMarkdown(dataset.name)}; ${files.join(", ")}. Accuracy under attack is an upper bound.`,
    "",
  ].join("\n");
}

function signOf({ outcome, level }: Pick<AssertionVerdict, "outcome" | "level">): string {
  if (outcome === "passed") return "✅";
  return level === "warn" ? "⚠️" : "❌";
}
