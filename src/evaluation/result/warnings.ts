/** Why numbers are not to be trusted as they stand. */
import { z } from "zod";
import { name } from "./values.js";

/** What the gates raise. Their titles are in `gates.ts`, what they mean and ask for in `docs/method.md`. */
const WARNING_CODES = [
  "short-reach",
  "gray-image",
  "above-chance",
  "not-monotone",
  "collapsed",
  "transfer-stronger",
  "black-box-stronger",
  "few-classes",
  "not-converged",
  "unreliable-attack",
  "unavailable-gradients",
  "unstable-predictions",
  "silent-success",
  "incomplete-optimisation",
  "transfer-failure",
  "unconstrained-failure",
  "not-adaptive",
  "fitted",
  "non-finite",
  "zero-gradient",
  "hidden-steps",
  "straight-through",
  "guessed-pixels",
  "no-gradient",
  "budget-spent",
  "ended-early",
] as const;

/** What a warning is about; `docs/method.md` has a line on each. */
export type WarningCode = (typeof WARNING_CODES)[number];

/** What makes a number of a result mean less than it seems. */
export interface ResultWarning {
  readonly code: WarningCode;
  /** `info` explains, `warning` weakens a number, `serious` says that it is false. */
  readonly severity: "info" | "warning" | "serious";
  readonly message: string;
  /** Ids of the measurements it speaks of. */
  readonly measurements: readonly string[];
}

export const warningSchema: z.ZodType<ResultWarning> = z.object({
  code: z.enum(WARNING_CODES),
  severity: z.enum(["info", "warning", "serious"]),
  message: name,
  measurements: z.array(name),
});
