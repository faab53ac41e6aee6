/** Why numbers cannot be trusted without reservation. */
import { z } from "zod";
import { name } from "./values.js";

/** What the gates raise. The titles are in `gates/titles.ts`; `docs/method.md` explains them and says what to do. */
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
  "misleading-scores",
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

/** Something that makes a number in a result mean less than it seems. */
export interface ResultWarning {
  readonly code: WarningCode;
  /** `info` explains, `warning` weakens a number, `serious` says that it is false. */
  readonly severity: "info" | "warning" | "serious";
  readonly message: string;
  /** Ids of the measurements it is about. */
  readonly measurements: readonly string[];
}

export const warningSchema: z.ZodType<ResultWarning> = z.object({
  code: z.enum(WARNING_CODES),
  severity: z.enum(["info", "warning", "serious"]),
  message: name,
  measurements: z.array(name),
});
