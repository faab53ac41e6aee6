/** What to spend a budget on once the attacks of a suite are done. */
import { ATTACKS, planAttack, SUITES, type PlannedAttack, type SuiteStage } from "../attacks/index.js";
import { attackNamed, type PlannedMeasurement } from "./plan.js";

/** Each round takes twice as much as the one before, so repeated work is at most half of it. */
const ROUNDS = 8;

/** Many starts on the margin, more steps towards each class, and a longer search without gradients. */
function round(which: number): readonly SuiteStage[] {
  const times = 2 ** which;
  return [
    { attack: "apgd", options: { loss: "margin", start: "pattern", restarts: 5 * times } },
    { attack: "apgd-t", options: { loss: "margin", restarts: times } },
    { attack: "square", options: { queries: 10_000 * times } },
  ];
}

const ROUND_STAGES: readonly SuiteStage[] = Array.from({ length: ROUNDS }, (_, which) => round(which)).flat();

/** By the suite that they follow. Nothing follows the other suites, whose attacks average over draws. */
const FURTHER: Readonly<Record<string, readonly SuiteStage[]>> = {
  auto: [...SUITES.standard.stages, ...ROUND_STAGES],
  standard: ROUND_STAGES,
};

/**
 * Attacks that follow those of a suite while there is time: after `auto` those of AutoAttack, and then rounds of APGD on
 * the margin, APGD-T and Square, each round with twice as much work. None after a single attack, and none on randomised
 * models.
 */
export function furtherStages(
  { name, threat, isSuite }: Pick<PlannedMeasurement, "name" | "threat" | "isSuite">,
  { randomised }: { readonly randomised: boolean },
): readonly PlannedAttack[] {
  if (!isSuite || randomised || !Object.hasOwn(FURTHER, name)) return [];
  return FURTHER[name]!.filter(({ attack }) => ATTACKS[attack].norms.includes(threat.norm)).map(
    ({ attack, options }) => planAttack(attackNamed(attack), threat, options as never),
  );
}
