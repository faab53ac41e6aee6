import type { AttackMeasurement, FurtherAttack } from "../result/index.js";
import { isBeyond } from "./beyond.js";
import type { Outcome } from "../attack-dataset.js";
import { attackStage } from "../attack-stage.js";
import type { KeptOutcome } from "../kept.js";
import { parametersOf } from "../measurement.js";
import type { Run } from "../run.js";
import { spread } from "./spread.js";
import type { PlannedFurther } from "./plan-checks.js";

/**
 * Tries the attack on a sample of the survivors, and then on the others if it found enough: more than the measurement's interval
 * allows for a longer attack, one image for the others.
 *
 * @param standing places of the survivors, ascending.
 */
export async function attackFurther(
  run: Run,
  model: string,
  measurement: AttackMeasurement,
  check: PlannedFurther,
  standing: readonly number[],
): Promise<FurtherAttack> {
  const { purpose, planned, images } = check;
  const chosen = new Set(spread(standing, images));
  const tried = await outcomesOf(run, model, check, [...chosen]);
  const sample = { images: tried.length, broken: brokenOf(tried).length };
  const finds =
    purpose === "longer"
      ? isBeyond({ ...sample, standing: standing.length }, measurement)
      : sample.broken > 0;
  if (finds) {
    const others = standing.filter((place) => !chosen.has(place));
    tried.push(...(await outcomesOf(run, model, check, others)));
  }
  const broken = brokenOf(tried).sort((a, b) => a.place - b.place);
  const sum = (of: (each: KeptOutcome) => number): number => tried.reduce((all, each) => all + of(each), 0);
  return {
    purpose,
    attack: planned.attack.name,
    parameters: parametersOf(planned.options, false),
    standing: standing.length,
    sample,
    images: tried.length,
    broken: broken.length,
    found: {
      index: broken.map(({ index }) => index),
      prediction: broken.map(({ value }) => value.adversarialPrediction),
    },
    queries: {
      forward: sum(({ outcome }) => outcome.forwardQueries),
      gradient: sum(({ outcome }) => outcome.gradientQueries),
    },
    seconds: sum(({ seconds }) => seconds),
  };
}

const brokenOf = (tried: readonly KeptOutcome[]): Outcome[] =>
  tried.flatMap(({ outcome }) => (outcome.value.success ? [outcome] : []));

/** The outcomes of the images, reusing saved ones. */
async function outcomesOf(
  run: Run,
  model: string,
  { purpose, planned }: PlannedFurther,
  places: readonly number[],
): Promise<KeptOutcome[]> {
  const name = `${model}/check-${purpose}`;
  const found: KeptOutcome[] = [];
  const outcomes = attackStage(run, model, {
    planned,
    places,
    known: run.kept?.outcomes(name, places, run.dataset) ?? new Map<number, KeptOutcome>(),
    isOver: () => false,
    spend: (work) => run.onWork(`${model}, check: ${planned.attack.label}`, work),
  });
  for await (const each of outcomes) {
    if (!each.isKept) await run.kept?.put(name, each, { withImage: false });
    found.push(each);
  }
  return found;
}
