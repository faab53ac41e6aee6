import sharp from "sharp";
import { escapeSvg } from "../escape.js";
import { wrapText } from "../wrap.js";

/** One row of a sheet. */
export interface SheetRow {
  /** `clean`, `PGD, L∞ 8/255`. */
  readonly name: string;
  /** Lines with the model's answer, under the name. */
  readonly said: readonly string[];
  /** Whether the model is right: the answer is green if so, otherwise red. */
  readonly right: boolean;
  /** The image, then the overlays, in the order of the columns. */
  readonly pictures: readonly Uint8Array[];
}

export interface Sheet {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly SheetRow[];
}

const CELL = 224;
const GAP = 8;
const SIDE = 168;
const HEAD = 58;
const LETTERS = 24;

/** A sheet as an SVG with its pictures inside: rows of images, methods as columns, the model's answer beside each row. */
export function sheetSvg({ title, columns, rows }: Sheet): string {
  const width = SIDE + columns.length * (CELL + GAP) + GAP;
  const height = HEAD + rows.length * (CELL + GAP) + GAP;
  const place = (column: number): number => SIDE + column * (CELL + GAP);
  const text = (x: number, y: number, words: string, style = ""): string =>
    `<text x="${x}" y="${y}" ${style}>${escapeSvg(words)}</text>`;
  const heads = columns.map((name, i) => text(place(i) + CELL / 2, 48, name, 'text-anchor="middle"'));
  const cells = rows.flatMap(({ name, said, right, pictures }, row) => {
    const top = HEAD + row * (CELL + GAP);
    const colour = right ? "#1a7f37" : "#b42318";
    const lines = said.flatMap(broken);
    return [
      text(GAP, top + 18, name, 'font-weight="bold"'),
      ...lines.map((line, i) => text(GAP, top + 40 + 17 * i, line, `fill="${colour}" font-size="13"`)),
      ...pictures.map((picture, i) => image(place(i), top, picture)),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="14">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(GAP, 22, title, 'font-size="16" font-weight="bold"'),
    ...heads,
    ...cells,
    "</svg>",
    "",
  ].join("\n");
}

function image(x: number, y: number, bytes: Uint8Array): string {
  const data = Buffer.from(bytes).toString("base64");
  return `<image x="${x}" y="${y}" width="${CELL}" height="${CELL}" href="data:image/png;base64,${data}"/>`;
}

/** Lines of at most LETTERS characters. */
function broken(text: string): string[] {
  return wrapText(text, LETTERS).map((line) =>
    line.length > LETTERS ? `${line.slice(0, LETTERS - 1)}…` : line,
  );
}

/**
 * A sheet as a PNG; undefined on a machine without fonts, where its text would be missing: write the SVG instead.
 */
export async function sheetPng(svg: string): Promise<Buffer | undefined> {
  return (await hasFont()) ? sharp(Buffer.from(svg)).png().toBuffer() : undefined;
}

async function hasFont(): Promise<boolean> {
  const letter = (words: string): Promise<Buffer> =>
    sharp(
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="16" font-family="sans-serif">${words}</text></svg>`,
      ),
    )
      .raw()
      .toBuffer();
  // Two letters that look the same are placeholder boxes.
  return !(await letter("i")).equals(await letter("W"));
}
