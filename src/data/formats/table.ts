/** Lines of a CSV file with a header. */
import { CsvError, parse } from "csv-parse/sync";
import { refusing } from "../../errors/index.js";
import { readFileChecked } from "../../files/index.js";

const refused = refusing("A table is a CSV file: a header, then lines with as many comma-separated cells.");

export interface Table {
  /** In lower case. */
  readonly columns: readonly string[];
  readonly lines: readonly TableLine[];
}

export interface TableLine {
  /** File and line, for error messages. */
  readonly at: string;
  /** By column. */
  readonly cells: Readonly<Record<string, string>>;
}

/** @throws InputError if the file cannot be read, is not CSV, or has no line after its header. */
export async function readTable(file: string): Promise<Table> {
  const text = textOf(file, await readFileChecked(file));
  let columns: string[] = [];
  let lines: { record: Record<string, string>; info: { lines: number } }[];
  try {
    lines = parse(text, {
      columns: (heads: string[]) => (columns = heads.map((head) => head.trim().toLowerCase())),
      bom: true,
      skip_empty_lines: true,
      info: true,
    }) as unknown as typeof lines;
  } catch (error) {
    if (error instanceof CsvError) throw refused(file, error.message, error);
    throw error;
  }
  if (lines.length === 0) throw refused(file, "has no lines after its header");
  return {
    columns,
    lines: lines.map(({ record, info }) => ({ at: `${file}, line ${info.lines}`, cells: record })),
  };
}

/** UTF-8, or UTF-16 (as Excel's "Unicode text" and PowerShell write it) if it begins with a byte-order mark. */
function textOf(file: string, bytes: Uint8Array): string {
  const [first, second] = bytes;
  const marked =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  let text: string;
  try {
    text = new TextDecoder(marked, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refused(file, `is not ${marked.toUpperCase()} text; save it as UTF-8`, cause);
  }
  // Every other byte is NUL. A single NUL in a path is reported later, with its line.
  if (
    marked === "utf-8" &&
    text.length > 1 &&
    text.includes("\0") &&
    4 * text.replaceAll("\0", "").length < 3 * text.length
  ) {
    throw refused(file, "is UTF-16 text without a byte-order mark; save it as UTF-8");
  }
  return text;
}
