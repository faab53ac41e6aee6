import { UsageError } from "../errors/index.js";
import { PARTS, type ReproductionPart } from "./parts.js";
import { inOrder, type Piece } from "./piece.js";
import type { ReproductionPlan } from "./plan.js";

/** Which pieces to do. */
export interface Selection {
  readonly part: ReproductionPart;
  /** Words in titles; a row's piece is done only if its title has one of them. Empty: all. */
  readonly only?: readonly string[] | undefined;
  readonly skip?: readonly string[] | undefined;
  /** This is machine `index` (from 1) of `count`. */
  readonly shard?: { readonly index: number; readonly count: number } | undefined;
}

/** Pieces to do, prerequisites first, and those that another shard does. */
export interface Selected {
  readonly pieces: readonly Piece[];
  readonly others: ReadonlySet<string>;
}

/** @throws UsageError if nothing is left. */
export function selectPieces(plan: ReproductionPlan, selection: Selection): Selected {
  const { part, only = [], skip = [], shard } = selection;
  const wanted = plan.rows.flatMap((row) =>
    PARTS[part].map((name) => row[name]).filter(({ title }) => matches(title, only, skip)),
  );
  if (wanted.length === 0) {
    const names = [
      ...new Set(plan.rows.map(({ recipe, training }) => `${training.dataset.id} ${recipe.name}`)),
    ];
    throw new UsageError({
      place: "--only and --skip",
      problem: "leave nothing to do",
      remedy: `Use words from: ${names.join(", ")}.`,
    });
  }
  const pieces = inOrder(wanted);
  return { pieces, others: shard === undefined ? new Set() : ofOthers(plan, pieces, shard) };
}

function matches(title: string, only: readonly string[], skip: readonly string[]): boolean {
  const words = ` ${title} `;
  const has = (pattern: string): boolean => words.includes(` ${pattern} `);
  return (only.length === 0 || only.some(has)) && !skip.some(has);
}

/**
 * Trainings and crafts are dealt out in turn; a model's measurements go to the machine
 * that trains it.
 */
function ofOthers(
  plan: ReproductionPlan,
  pieces: readonly Piece[],
  { index, count }: { readonly index: number; readonly count: number },
): ReadonlySet<string> {
  const owner = new Map<string, number>();
  const turns = { train: 0, craft: 0 };
  for (const { kind, key } of pieces) {
    if (kind === "train" || kind === "craft") owner.set(key, turns[kind]++ % count);
  }
  for (const { training, transfer, whiteBox, measure } of plan.rows) {
    for (const piece of [transfer, whiteBox, measure])
      owner.set(piece.key, owner.get(training.piece.key) ?? 0);
  }
  return new Set(pieces.map(({ key }) => key).filter((key) => owner.get(key) !== index - 1));
}
