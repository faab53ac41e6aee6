/**
 * What is known about an attack without running it: its name, its needs, its options and its cost.
 * The command line, plans, results and the documentation read it here. It imports nothing heavy.
 */
import type { OptionRows, OptionsOf } from "./option-rows.js";
import type { Norm } from "../threat.js";

/** What an attack needs from a model: its gradient, its logits, or only the predicted class. */
export type Access = "gradient" | "logits" | "decision";

/** Evaluations of a model, counted in images. */
export interface Cost {
  readonly forward: number;
  readonly gradient: number;
}

/** What is known about an attack without running it. */
export interface Card<Rows extends OptionRows = OptionRows> {
  /** Its name on the command line and in results. */
  readonly name: string;
  /** Its usual name. */
  readonly label: string;
  /** One line for `--help`. */
  readonly help: string;
  readonly access: Access;
  readonly norms: readonly Norm[];
  readonly options: Rows;
  /** The most that it spends on one image. */
  readonly cost: (options: OptionsOf<Rows>) => Cost;
}

export const card = <Rows extends OptionRows>(of: Card<Rows>): Card<Rows> => Object.freeze(of);
