import { stringify, type ToStringOptions } from "yaml";

/**
 * Every text in double quotes and on one line: YAML 1.1 and 1.2 read it as the same text, and no line of it can end the front
 * matter of a Markdown file.
 */
export const YAML_OPTIONS: ToStringOptions = Object.freeze({
  defaultStringType: "QUOTE_DOUBLE",
  defaultKeyType: "PLAIN",
  doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  lineWidth: 0,
});

/** The front matter of a Markdown file, its keys ours and its texts plain. */
export function frontMatter(data: Readonly<Record<string, unknown>>): string {
  return `---\n${stringify(data, { ...YAML_OPTIONS, aliasDuplicateObjects: false })}---`;
}
