import { craft } from "./craft-piece.js";
import type { Cost, Kind, Works } from "./kind.js";
import { measure } from "./measure-piece.js";
import type { Piece, PieceKind } from "./piece.js";
import type { ReproductionPlan } from "./plan.js";
import type { Preset } from "./presets.js";
import { train } from "./train-piece.js";
import { transfer } from "./transfer-piece.js";
import { whiteBox } from "./white-box-piece.js";
import type { Workplace } from "./work.js";

/** Every kind of piece in a reproduction. */
export const KINDS: { readonly [K in PieceKind]: Kind<K> } = Object.freeze({
  train,
  craft,
  transfer,
  "white-box": whiteBox,
  measure,
});

/** A piece with everything that its work needs. */
export interface Task {
  readonly piece: Piece;
  readonly run: (work: Workplace) => Promise<unknown>;
  readonly cost: (preset: Preset) => Cost;
}

function taskOf<K extends PieceKind>(piece: Piece<K>, planned: Works[K]["planned"]): Task {
  const { run, cost } = KINDS[piece.kind];
  return { piece, run: (work) => run(work, planned), cost: (preset) => cost(preset, planned) };
}

/** The tasks of a plan, prerequisites first. */
export function tasksOf({ trainings, crafts, rows, pieces }: ReproductionPlan): readonly Task[] {
  const tasks = [
    ...trainings.map((planned) => taskOf(planned.piece, planned)),
    ...crafts.map((planned) => taskOf(planned.piece, planned)),
    ...rows.flatMap((row) => [
      taskOf(row.transfer, row),
      taskOf(row.whiteBox, row),
      taskOf(row.measure, row),
    ]),
  ];
  const byKey = new Map(tasks.map((task) => [task.piece.key, task]));
  return pieces.map(({ key }) => byKey.get(key)!);
}
