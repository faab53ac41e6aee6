import type { AssertionVerdict, Verdict } from "../check/verdict.js";

/**
 * Text within a line of Markdown: nothing of it is markup, HTML, a link, an emoji, mathematics or a mention. What no renderer takes
 * for markup stays as it is, so that the source can be read; of the rest, what not every renderer escapes by a backslash is
 * written as its number.
 */
export function escapeMarkdown(text: string): string {
  const number = (character: string): string => `&#${character.codePointAt(0)};`;
  return (
    text
      .replace(/\s+/g, " ")
      .replace(/\p{Cc}/gu, "")
      .replace(/[&<>]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character]!)
      // Before anything that puts a number there.
      .replace(/[\\`*_{}[\]!#]/g, "\\$&")
      // Lists and headings begin a line, and so may the text.
      .replace(/^ ?([-+])(?=[-+ ]|$)/, "\\$1")
      .replace(/^( ?\d+)([.)])(?= |$)/, "$1\\$2")
      .replace(/^ ?=+|={2,}/g, (run) => run.replace(/=/g, number))
      // A mention tells a person; an address becomes a link by itself, and a word between colons a picture.
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
