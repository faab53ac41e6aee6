import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors/index.js";
import { ensureFolder, readFileChecked, writeFileAtomic } from "../files/index.js";
import { folderOf, type Json, type Piece } from "./piece.js";

/** `piece.json`: written last, so its presence says that the piece is finished. */
export interface PieceFile {
  readonly format: 1;
  readonly key: string;
  readonly title: string;
  readonly settings: Json;
  readonly needs: readonly string[];
  readonly seconds: number;
  readonly result: Json;
}

/** Where the pieces of a reproduction lie: a folder each, under `pieces/`. */
export interface Store {
  readonly root: string;
  /** The piece's own folder, made when it is first asked for. */
  folder(piece: Piece): Promise<string>;
  isDone(piece: Piece): boolean;
  /** @throws InputError when it is not finished, or its file has been damaged. */
  result(piece: Piece): Promise<Json>;
  /** What a finished piece took. @throws as `result`. */
  seconds(piece: Piece): Promise<number>;
  /** Marks a piece as finished. */
  finish(piece: Piece, result: unknown, seconds: number): Promise<void>;
}

const MARKER = "piece.json";
/** The folder of the pieces. */
export const PIECES = "pieces";

export function openStore(root: string): Store {
  const place = (piece: Piece): string => join(root, PIECES, folderOf(piece));
  const read = (piece: Piece): Promise<PieceFile> => readPieceFile(place(piece), piece.key);
  return {
    root,
    async folder(piece) {
      const folder = place(piece);
      await ensureFolder(folder);
      return folder;
    },
    isDone: (piece) => existsSync(join(place(piece), MARKER)),
    result: async (piece) => (await read(piece)).result,
    seconds: async (piece) => (await read(piece)).seconds,
    async finish(piece, result, seconds) {
      const file: PieceFile = {
        format: 1,
        key: piece.key,
        title: piece.title,
        settings: piece.settings,
        needs: piece.needs.map(({ key }) => key),
        seconds,
        result: JSON.parse(JSON.stringify(result)) as Json,
      };
      await ensureFolder(place(piece));
      await writeFileAtomic(join(place(piece), MARKER), `${JSON.stringify(file)}\n`);
    },
  };
}

/** Folders of finished pieces, by name. */
export async function finishedPieces(root: string): Promise<readonly string[]> {
  const names = await readdir(join(root, PIECES)).catch(() => [] as string[]);
  return names.filter((name) => existsSync(join(root, PIECES, name, MARKER))).sort();
}

/**
 * The record of a finished piece.
 *
 * @param key that it must have; any by default.
 * @throws InputError when it is missing, damaged or another's.
 */
export async function readPieceFile(folder: string, key?: string): Promise<PieceFile> {
  const path = join(folder, MARKER);
  const file = parse(new TextDecoder().decode(await readFileChecked(path)));
  if (file !== undefined && file.key === (key ?? file.key)) return file;
  throw new InputError({
    place: path,
    problem: "is not the record of a finished piece",
    remedy: `Delete ${folder}; the piece is made again.`,
  });
}

function parse(text: string): PieceFile | undefined {
  try {
    const file = JSON.parse(text) as PieceFile;
    return file.format === 1 && typeof file.key === "string" ? file : undefined;
  } catch {
    return undefined;
  }
}
