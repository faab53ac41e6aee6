import type { AttackName } from "./cards.js";
import type { OptionValue } from "./option-rows.js";

/** One attack of a suite, and what it is told besides its defaults. */
export interface SuiteStage {
  readonly attack: AttackName;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** Attacks that are run one after the other, each on the images that stand after those before. */
export interface Suite {
  readonly name: string;
  /** As people call it. */
  readonly label: string;
  readonly help: string;
  readonly stages: readonly SuiteStage[];
}

/**
 * Every suite by name.
 *
 * `standard` and `rand` are AutoAttack's (Croce & Hein 2020, arXiv:2003.01690) as its reference runs them: 100 steps,
 * nine targets or one fewer than there are classes, 5000 queries; 20 draws a gradient for models that draw at random.
 */
export const SUITES = {
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
  },
  rand: {
    name: "rand",
    label: "AutoAttack rand",
    help: "AutoAttack's version for models that draw at random: APGD on two losses, 20 draws a gradient",
    stages: [
      { attack: "apgd", options: { draws: 20 } },
      { attack: "apgd", options: { loss: "dlr", draws: 20 } },
    ],
  },
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof SUITES;
