/** The part of a plan that works on a model without a gradient. */
import { ATTACKS, isEnough, planAttack, type Access } from "../attacks/index.js";
import { headlineIn, type EvaluationPlan, type PlannedMeasurement } from "./plan.js";

/**
 * The measurements of the plan for a model with this access. Attacks of a suite that need more are left out, and the rest are
 * measured one by one, each under its own name. If none is left, Square replaces it, provided the model gives logits.
 * Nothing is done twice.
 */
export function measurementsOn(
  access: Access,
  { attacks }: Pick<EvaluationPlan, "attacks">,
): readonly PlannedMeasurement[] {
  const found = new Map<string, PlannedMeasurement>();
  for (const planned of attacks) {
    for (const each of within(access, planned)) {
      const [{ options }] = each.stages;
      const key = JSON.stringify([each.name, each.threat, each.isSuite ? null : options, each.nearest]);
      if (!found.has(key)) found.set(key, each);
    }
  }
  return [...found.values()];
}

function within(access: Access, planned: PlannedMeasurement): readonly PlannedMeasurement[] {
  const left = planned.stages.filter(({ attack }) => isEnough(access, attack.access));
  if (left.length === planned.stages.length) return [planned];
  // No attack without a gradient searches for the nearest image.
  if (planned.nearest === true) return [];
  const { threat } = planned;
  const standIn = isEnough(access, "logits") ? ATTACKS.square : ATTACKS["hop-skip-jump"];
  const isWanted = left.length === 0 && standIn.norms.includes(threat.norm);
  const instead = isWanted ? [planAttack(standIn as never, threat)] : left;
  return instead.map((stage) => ({
    name: stage.attack.name,
    label: stage.attack.label,
    threat,
    stages: [stage],
    isSuite: false,
    transfer: planned.transfer,
  }));
}

/** The first measurement of the headline on a model with this access. */
export function headlineOf(
  access: Access,
  plan: Pick<EvaluationPlan, "attacks" | "headline">,
): PlannedMeasurement | undefined {
  return headlineIn(measurementsOn(access, plan), plan);
}
