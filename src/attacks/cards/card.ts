/**
 * What can be known of an attack without running it: what it is called, what it needs, what it may be told and what it costs.
 * The command line, plans, results and the documentation read it here; it imports nothing heavy.
 */
import type { OptionRows, OptionsOf } from "./option-rows.js";
import type { Norm } from "../threat.js";

/** What an attack needs of a model: its gradient, its logits, or no more than its answer. */
export type Access = "gradient" | "logits" | "decision";

/** Evaluations of a model, in images. */
export interface Cost {
  readonly forward: number;
  readonly gradient: number;
}

/** What is known of an attack without running it. */
export interface Card<Rows extends OptionRows = OptionRows> {
  /** As the command line and results call it. */
  readonly name: string;
  /** As people call it. */
  readonly label: string;
  /** One line for `--help`. */
  readonly help: string;
  readonly access: Access;
  readonly norms: readonly Norm[];
  readonly options: Rows;
  /** What it spends on one image, at most. */
  readonly cost: (options: OptionsOf<Rows>) => Cost;
}

export const card = <Rows extends OptionRows>(of: Card<Rows>): Card<Rows> => Object.freeze(of);
