/** Lines of a CSV file with a header. */
import { CsvError, parse } from "csv-parse/sync";
import { refusing } from "../errors/index.js";
import { readPlainFile } from "./plain-file.js";

const refused = refusing(
  "A table is a CSV file: a header, then lines of as many cells, with commas between.",
);

export interface Table {
  /** In small letters. */
  readonly columns: readonly string[];
  readonly lines: readonly TableLine[];
}

export interface TableLine {
  /** File and line, as errors call it. */
  readonly at: string;
  /** By column. */
  readonly cells: Readonly<Record<string, string>>;
}

/** @throws InputError where the file cannot be read, is no CSV, or has no line after its header. */
export async function readTable(file: string): Promise<Table> {
  const text = new TextDecoder().decode(await readPlainFile(file));
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
