import { stringify, type ToStringOptions } from "yaml";

/**
 * Writes every text in double quotes on one line: YAML 1.1 and 1.2 then read the same text, and no line of it can end the
 * front matter of a Markdown file.
 */
export const YAML_OPTIONS: ToStringOptions = Object.freeze({
  defaultStringType: "QUOTE_DOUBLE",
  defaultKeyType: "PLAIN",
  doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  lineWidth: 0,
});

/** The front matter of a Markdown file, with our keys and plain texts. */
export function frontMatter(data: Readonly<Record<string, unknown>>): string {
  return `---\n${stringify(data, { ...YAML_OPTIONS, aliasDuplicateObjects: false })}---`;
}
