import { describeRule } from "../../options/index.js";
import type { SettingRow } from "./row.js";
import { describeDefault, SETTING_ROWS } from "./rows.js";

/** `docs/training-options.md`: every setting, the option that sets it and its default. */
export function settingsMarkdown(): string {
  const rows = SETTING_ROWS.map(([path, row]) => [
    row.flag === undefined ? "–" : `\`${row.flag}\``,
    row.help,
    describeTyped(row),
    describeDefault(row) ?? "–",
    `\`${path}\``,
  ]);
  return [
    "# Training options",
    "",
    "<!-- Made by scripts/generated.mjs from src/training/settings/rows.ts. -->",
    "",
    "The settings of `holdfast train` and `holdfast sweep`, and their paths under `settings` in a run's `config.json`. Rows without an option are",
    "for programs only. With `--resume`, an option must repeat the run's own value. For `--model`, `--data`, `--init` and how images are read,",
    "see `holdfast train --help`.",
    "",
    ...[["option", "what", "may be", "default", "setting"], ["---", "---", "---", "---", "---"], ...rows].map(
      (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`,
    ),
    "",
  ].join("\n");
}

/** The values that can be typed, or those that settings can have if nothing can be typed. */
function describeTyped({ flag, rule, keep }: SettingRow): string {
  if (rule.kind === "text" || (rule.kind === "flag" && flag !== undefined)) return "";
  return describeRule(rule.kind === "list" && keep !== undefined ? rule.of : rule);
}
