/** Boxes in a table beside the pictures: one line per box, and possibly several boxes per picture. */
import { existsSync } from "node:fs";
import { isAbsolute, posix } from "node:path";
import { refusing } from "../../errors/index.js";
import { readTable, type TableLine } from "../formats/index.js";
import type { Box, Boxes } from "../pixels/index.js";

const refused = refusing(
  "A table of boxes has the header file,x,y,width,height and one line per box, in pixels of the image.",
);

const FILE = ["file", "path", "filename", "file_name", "image", "image_path"];
const LABEL = ["label", "class", "class_name", "category"];
const EDGES = ["x", "y", "width", "height"] as const;

/**
 * Boxes by the picture's name (`train/cats/1.jpg`) of a table with the columns file, x, y, width and height, in pixels
 * of the picture; x and y are the left and the top edge. Undefined if there is no such file, or it is a table of
 * the pictures themselves, with their classes.
 *
 * @throws InputError naming an invalid line.
 */
export async function readBoxesTable(path: string): Promise<ReadonlyMap<string, Boxes> | undefined> {
  if (!existsSync(path)) return undefined;
  const { columns, lines } = await readTable(path);
  const file = FILE.find((name) => columns.includes(name));
  if (file === undefined || EDGES.some((name) => !columns.includes(name))) {
    if (file !== undefined && LABEL.some((name) => columns.includes(name))) return undefined;
    throw refused(path, `has the columns ${columns.join(", ")}; it needs file, x, y, width and height`);
  }
  const found = new Map<string, Box[]>();
  for (const line of lines) {
    const name = nameOf(line, file);
    const boxes = found.get(name) ?? [];
    boxes.push(boxOf(line));
    found.set(name, boxes);
  }
  return new Map([...found].map(([name, boxes]) => [name, { boxes }]));
}

function nameOf({ at, cells }: TableLine, column: string): string {
  const name = cells[column]!.trim().replaceAll("\\", "/");
  if (name === "") throw refused(at, "has no file");
  const inside = posix.normalize(name);
  if (isAbsolute(name) || inside.startsWith("..")) throw refused(at, `"${name}" leads out of the folder`);
  return inside;
}

function boxOf({ at, cells }: TableLine): Box {
  const [x, y, width, height] = EDGES.map((edge) => {
    const text = cells[edge]!.trim();
    const value = text === "" ? NaN : Number(text);
    if (!Number.isFinite(value))
      throw refused(at, `has "${text.slice(0, 40)}" for ${edge}, which is not a number`);
    return value;
  });
  if (width! <= 0 || height! <= 0) throw refused(at, `has a box of ${width} × ${height} pixels`);
  return { left: x!, top: y!, right: x! + width!, bottom: y! + height! };
}
