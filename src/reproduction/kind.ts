import type { z } from "zod";
import type { Crafted } from "./craft-piece.js";
import type { MeasureResult } from "./measure-piece.js";
import type { PieceKind } from "./piece.js";
import type { PlannedCraft, PlannedRow, PlannedTraining } from "./plan.js";
import type { Preset } from "./presets.js";
import type { TransferResult } from "./transfer-piece.js";
import type { WhiteBoxResult } from "./white-box-piece.js";
import type { Workplace } from "./work.js";

/** The plan and the result of a piece of each kind. */
export interface Works {
  readonly train: { readonly planned: PlannedTraining; readonly result: unknown };
  readonly craft: { readonly planned: PlannedCraft; readonly result: Crafted };
  readonly transfer: { readonly planned: PlannedRow; readonly result: TransferResult };
  readonly "white-box": { readonly planned: PlannedRow; readonly result: WhiteBoxResult };
  readonly measure: { readonly planned: PlannedRow; readonly result: MeasureResult };
}

/** Cost of a piece in input gradients, and their architecture. */
export interface Cost {
  readonly model: string;
  readonly gradients: number;
}

/** A kind of piece: the schema of its result, its work, and the cost of the work. */
export interface Kind<K extends PieceKind> {
  readonly schema: z.ZodType<Works[K]["result"]>;
  readonly run: (work: Workplace, planned: Works[K]["planned"]) => Promise<Works[K]["result"]>;
  readonly cost: (preset: Preset, planned: Works[K]["planned"]) => Cost;
}
