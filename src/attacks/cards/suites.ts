import type { AttackName } from "./cards.js";
import type { Norm } from "../threat.js";
import type { OptionValue } from "./option-rows.js";

/** One attack of a suite, and its options that differ from the defaults. */
export interface SuiteStage {
  readonly attack: AttackName;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** Attacks that run one after the other, each on the images that survived the ones before it. */
export interface Suite {
  readonly name: string;
  /** Its usual name. */
  readonly label: string;
  readonly help: string;
  readonly stages: readonly SuiteStage[];
  /** The attacks in L1, if they differ. */
  readonly stagesInL1?: readonly SuiteStage[];
}

/** The attacks of a suite in a norm. */
export function stagesOf({ stages, stagesInL1 = stages }: Suite, norm: Norm): readonly SuiteStage[] {
  return norm === "l1" ? stagesInL1 : stages;
}

/** Gradients that `auto` averages per step on a randomised model; on others it takes one. */
const DRAWS = 5;

/**
 * Every suite by name.
 *
 * `auto` is ours: cheap attacks first, then those that found most for their cost in trials (docs/method.md). `standard` and
 * `rand` are AutoAttack's (Croce & Hein 2020, arXiv:2003.01690) as its reference runs them: 100 steps, nine targets or one
 * fewer than there are classes, 5000 queries; 20 draws per gradient for randomised models. In L1 `standard` runs APGD five
 * times and APGD-T towards five classes, both in shrinking balls; `rand` stays in the ball itself.
 */
export const SUITES = {
  auto: {
    name: "auto",
    label: "auto",
    help: "strong for its cost: a third of the time of standard or less; where gradients mislead, a longer search follows",
    stages: [
      { attack: "pgd", options: { steps: 10, keep: "success", draws: DRAWS } },
      { attack: "apgd", options: { loss: "margin", start: "pattern", steps: 20, restarts: 5, draws: DRAWS } },
      { attack: "apgd", options: { loss: "dlr", draws: DRAWS } },
      { attack: "apgd-t", options: { loss: "margin", steps: 30, draws: DRAWS } },
      { attack: "square-apgd", options: { draws: DRAWS } },
    ],
    stagesInL1: [
      { attack: "pgd", options: { steps: 10, keep: "success", draws: DRAWS } },
      { attack: "apgd", options: { steps: 30, restarts: 5, draws: DRAWS } },
      { attack: "apgd-t", options: { loss: "margin", steps: 50, draws: DRAWS } },
      { attack: "square-apgd", options: { draws: DRAWS } },
    ],
  },
  standard: {
    name: "standard",
    label: "AutoAttack",
    help: "AutoAttack's standard version: APGD, APGD-T, FAB-T and Square",
    stages: [
      { attack: "apgd", options: {} },
      { attack: "apgd-t", options: {} },
      { attack: "fab-t", options: {} },
      { attack: "square", options: {} },
    ],
    stagesInL1: [
      { attack: "apgd", options: { restarts: 5 } },
      { attack: "apgd-t", options: { targets: 5 } },
      { attack: "fab-t", options: {} },
      { attack: "square", options: {} },
    ],
  },
  rand: {
    name: "rand",
    label: "AutoAttack rand",
    help: "AutoAttack's version for randomised models: APGD on two losses, 20 draws per gradient",
    stages: [
      { attack: "apgd", options: { draws: 20 } },
      { attack: "apgd", options: { loss: "dlr", draws: 20 } },
    ],
    stagesInL1: [
      { attack: "apgd", options: { draws: 20, radii: "constant" } },
      { attack: "apgd", options: { loss: "dlr", draws: 20, radii: "constant" } },
    ],
  },
} as const satisfies Readonly<Record<string, Suite>>;

/** Name of a suite, as `--attack` takes it. */
export type SuiteName = keyof typeof SUITES;
