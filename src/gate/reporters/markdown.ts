import type { AssertionVerdict, Verdict } from "../check/verdict.js";

/** Text within a line of Markdown: nothing of it is markup, HTML, a link or a mention. */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replace(/\s+/g, " ")
      .replace(/[&<>]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character]!)
      .replace(/[\\`*_{}[\]()#+\-.!|~=:"'$^]/g, "\\$&")
      // A mention tells a person, and no backslash stops it.
      .replace(/@/g, "&#64;")
      .replace(/\p{Cc}/gu, "")
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
