import { sha256Of } from "../files/index.js";

/** Plain JSON, which determines a piece. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The kinds of work in a reproduction. */
export type PieceKind = "train" | "craft" | "transfer" | "white-box" | "measure";

/**
 * A piece of work, named by what determines it: its kind, its exact settings and the pieces it
 * reads. Two plans that need the same work share it, and a changed setting makes a new piece
 * instead of overwriting an old one.
 */
export interface Piece<K extends PieceKind = PieceKind> {
  readonly kind: K;
  /** For people: `train 17flowers at-alp, seed 0`. */
  readonly title: string;
  readonly settings: Json;
  readonly needs: readonly Piece[];
  /** Hexadecimal, 16 digits of the sha256 of kind, settings and the needs' keys. */
  readonly key: string;
}

/** Raised when the same settings would give other results. */
const FORMAT = 1;
const KEY_DIGITS = 16;

/** Names a piece by its contents. */
export function definePiece<K extends PieceKind>(
  kind: K,
  title: string,
  settings: unknown,
  needs: readonly Piece[] = [],
): Piece<K> {
  const plain = JSON.parse(JSON.stringify(settings)) as Json;
  const contents = canonical({ format: FORMAT, kind, settings: plain, needs: needs.map(({ key }) => key) });
  const key = sha256Of(new TextEncoder().encode(contents)).slice(0, KEY_DIGITS);
  return Object.freeze({ kind, title, settings: plain, needs, key });
}

/** JSON with sorted keys, so that equal values give equal text. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value as Record<string, Json>).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

/** Folder name of a piece: readable, and unique by its key. */
export function folderOf({ kind, title, key }: Piece): string {
  const readable = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `${readable.startsWith(kind) ? readable : `${kind}-${readable}`}-${key}`;
}

/** The given pieces and everything they need, each once, prerequisites first. */
export function inOrder(pieces: readonly Piece[]): readonly Piece[] {
  const ordered = new Map<string, Piece>();
  const visit = (piece: Piece): void => {
    if (ordered.has(piece.key)) return;
    piece.needs.forEach(visit);
    ordered.set(piece.key, piece);
  };
  pieces.forEach(visit);
  return [...ordered.values()];
}
