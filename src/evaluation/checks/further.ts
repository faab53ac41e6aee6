import type { AttackMeasurement, FurtherAttack } from "../result/index.js";
import { attackDataset, type Outcome } from "../attack-dataset.js";
import { FORWARD } from "../plan.js";
import { parametersOf } from "../measurement.js";
import type { Run } from "../run.js";
import type { PlannedAttack } from "../../attacks/index.js";
import { spread } from "./spread.js";
import type { PlannedFurther } from "./plan-checks.js";

/** What accuracy the attack shows: of the images that it was tried on, for all that stood. */
export function shownBy(
  { standing, images, broken }: Pick<FurtherAttack, "standing" | "images" | "broken">,
  { correct, n }: Pick<AttackMeasurement, "correct" | "n">,
): number {
  return images === 0 ? correct / n : (correct - (standing * broken) / images) / n;
}

/** Whether it shows that the measurement's attack had not converged: by more than the interval, and more than one image. */
export function isBeyond(
  further: Pick<FurtherAttack, "standing" | "images" | "broken">,
  measurement: Pick<AttackMeasurement, "correct" | "n" | "interval">,
): boolean {
  const { standing, images, broken } = further;
  const isEnough = broken >= 2 || (broken === 1 && images === standing);
  return isEnough && shownBy(further, measurement) < measurement.interval.low;
}

/**
 * Tries the attack on a sample of the images that stand, and on the others too where it found enough: one image of an
 * adaptive attack, more than the measurement's interval allows of a longer one.
 *
 * @param standing places of the images that stand, ascending.
 */
export async function attackFurther(
  run: Run,
  model: string,
  measurement: AttackMeasurement,
  { purpose, planned, images }: PlannedFurther,
  standing: readonly number[],
): Promise<FurtherAttack> {
  const started = performance.now();
  const chosen = new Set(spread(standing, images));
  const outcomes = await outcomesOf(run, model, purpose, planned, [...chosen]);
  const sample = { images: outcomes.length, broken: brokenOf(outcomes).length };
  const finds =
    purpose === "adaptive"
      ? sample.broken > 0
      : isBeyond({ ...sample, standing: standing.length }, measurement);
  if (finds) {
    const others = standing.filter((place) => !chosen.has(place));
    outcomes.push(...(await outcomesOf(run, model, purpose, planned, others)));
  }
  const broken = brokenOf(outcomes).sort((a, b) => a.place - b.place);
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((all, each) => all + of(each), 0);
  return {
    purpose,
    attack: planned.attack.name,
    parameters: parametersOf(planned.options, false),
    standing: standing.length,
    sample,
    images: outcomes.length,
    broken: broken.length,
    found: {
      index: broken.map(({ index }) => index),
      prediction: broken.map(({ value }) => value.adversarialPrediction),
    },
    queries: {
      forward: sum(({ forwardQueries }) => forwardQueries),
      gradient: sum(({ gradientQueries }) => gradientQueries),
    },
    seconds: (performance.now() - started) / 1000,
  };
}

const brokenOf = (outcomes: readonly Outcome[]): Outcome[] => outcomes.filter(({ value }) => value.success);

/** What comes of the images, with what was kept of them before. */
async function outcomesOf(
  run: Run,
  model: string,
  purpose: string,
  planned: PlannedAttack,
  places: readonly number[],
): Promise<Outcome[]> {
  const { dataset, kept } = run;
  const name = `${model}/check-${purpose}`;
  const label = `${model}, check: ${planned.attack.label}`;
  const known = kept?.outcomes(name, places, dataset) ?? new Map<number, { outcome: Outcome }>();
  const outcomes = Array.from(known.values(), ({ outcome }) => outcome);
  for (const { forwardQueries, gradientQueries } of outcomes) {
    run.onWork(label, gradientQueries + forwardQueries * FORWARD);
  }
  const left = places.filter((place) => !known.has(place));
  const found = attackDataset(run.targets.get(model)!, dataset, planned, {
    random: run.random,
    signal: run.signal,
    places: left,
    onRun: (kind, n) => run.onWork(label, kind === "gradient" ? n : n * FORWARD),
  });
  for await (const outcome of found) {
    await kept?.put(name, { outcome, seconds: 0 }, { withImage: false });
    outcomes.push(outcome);
  }
  return outcomes;
}
