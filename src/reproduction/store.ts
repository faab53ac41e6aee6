import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import {
  checkShape,
  ensureFolder,
  readJson,
  refuseLinks,
  replaceFile,
  type Refusal,
} from "../files/index.js";
import { folderOf, type Json, type Piece, type PieceKind } from "./piece.js";
import type { Kind, Works } from "./kind.js";
import { KINDS } from "./kinds.js";

/** `piece.json`: written last, so its presence means that the piece is finished. */
export interface PieceFile {
  readonly format: 1;
  readonly key: string;
  readonly title: string;
  readonly settings: Json;
  readonly needs: readonly string[];
  readonly seconds: number;
  readonly result: Json;
}

/** Stores the pieces of a reproduction, one folder each, under `pieces/`. */
export interface Store {
  readonly root: string;
  /** The piece's folder, created at the first call. */
  folder(piece: Piece): Promise<string>;
  isDone(piece: Piece): boolean;
  /** @throws InputError if it is not finished, or if its file does not hold a result of its kind. */
  result<K extends PieceKind>(piece: Piece<K>): Promise<Works[K]["result"]>;
  /** Seconds that a finished piece took. @throws as `result`. */
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
      await refuseLinks([join(root, PIECES), folder]);
      await ensureFolder(folder);
      return folder;
    },
    isDone: (piece) => existsSync(join(place(piece), MARKER)),
    async result<K extends PieceKind>(piece: Piece<K>) {
      const { schema }: Kind<K> = KINDS[piece.kind];
      const { result } = await read(piece);
      return checkShape(schema, result, join(place(piece), MARKER), refusal(place(piece)));
    },
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
      await replaceFile(join(place(piece), MARKER), `${JSON.stringify(file)}\n`);
    },
  };
}

/** Folders of finished pieces, by name. */
export async function finishedPieces(root: string): Promise<readonly string[]> {
  const names = await readdir(join(root, PIECES)).catch(() => [] as string[]);
  return names.filter((name) => existsSync(join(root, PIECES, name, MARKER))).sort();
}

const pieceSchema: z.ZodType<PieceFile> = z.object({
  format: z.literal(1),
  key: z.string().regex(/^[0-9a-f]{16}$/),
  title: z.string(),
  settings: z.json(),
  needs: z.array(z.string()),
  seconds: z.number().min(0),
  result: z.json(),
});

const refusal = (folder: string): Refusal => ({
  problem: "is not the record of a finished piece",
  remedy: `Delete ${folder}; the piece will be made again.`,
});

/**
 * The record of a finished piece.
 *
 * @param key its required key; by default the one in the folder's name.
 * @throws InputError if it is missing, damaged or belongs to another piece.
 */
export async function readPieceFile(folder: string, key?: string): Promise<PieceFile> {
  const path = join(folder, MARKER);
  await refuseLinks([folder, path]);
  const wanted = key ?? /[0-9a-f]{16}$/.exec(basename(folder))?.[0];
  const schema = pieceSchema.refine((file) => file.key === wanted, {
    path: ["key"],
    message: `not ${wanted}`,
  });
  return checkShape(schema, await readJson(path, refusal(folder)), path, refusal(folder));
}
