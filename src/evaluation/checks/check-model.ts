/** The checks of one model, after it was measured. */
import type { Target } from "../../attacks/index.js";
import { placesOf, type Dataset } from "../../data/index.js";
import { isOpaque, type AnyClassifier } from "../../models/index.js";
import type {
  AttackMeasurement,
  FurtherAttack,
  Measurement,
  ModelChecks,
  RepeatedAnswers,
} from "../result/index.js";
import { stagesFor } from "../measuring.js";
import { headlineIn, type EvaluationPlan, type PlannedMeasurement } from "../plan.js";
import type { Run } from "../run.js";
import { lookAtBoundary } from "./boundary.js";
import { attackFurther } from "./further.js";
import { planChecks, planDecision, planSearch, type PlannedChecks } from "./plan-checks.js";
import { lookForSigns } from "./signs.js";
import { planStraightThrough, withGradientOf } from "./straight-through.js";

export interface Checked {
  readonly classifier: AnyClassifier;
  readonly target: Target;
  readonly planned: readonly PlannedMeasurement[];
  readonly plan: Pick<EvaluationPlan, "headline">;
}

/** Plans the model's checks for this many surviving images; none without a measurement at the headline. */
export function checksOf(
  { classifier, target, planned, plan }: Checked,
  standing: number,
): PlannedChecks | undefined {
  const main = headlineIn(planned, plan);
  // A ball of one point holds nothing to find.
  if (main === undefined || main.threat.epsilon === 0) return undefined;
  const same = planned.filter(({ name, threat }) => name === main.name && threat === main.threat);
  const of = {
    stages: stagesFor(main, target),
    imageSize: target.imageSize,
    samples: target.samples,
    hasMaps: !isOpaque(classifier) && classifier.taps.length > 0,
    iterations: same
      .map(({ stages: [{ options }] }) => options["steps"])
      .filter((n) => typeof n === "number"),
  };
  return planChecks(of, standing);
}

/** Runs the checks of a measured model. */
export async function checkModel(
  run: Run,
  model: string,
  measurements: readonly Measurement[],
  repeats: RepeatedAnswers | undefined,
): Promise<ModelChecks> {
  const about = {
    classifier: run.models.get(model)!,
    target: run.targets.get(model)!,
    planned: run.planned.get(model)!,
    plan: run.plan,
  };
  const main = run.plan.scores ? headlineIn(about.planned, run.plan) : undefined;
  const measurement = measurements.find(
    (m): m is AttackMeasurement =>
      m.kind === "white-box" && m.model === model && m.attack === main?.name && m.threat === main.threat,
  );
  const common = { model, ...(repeats === undefined ? {} : { repeats }) };
  if (measurement === undefined) return common;
  const standing = standingIn(measurement, run.dataset);
  const checks = checksOf(about, standing.length);
  const boundary = checks && (await lookAtBoundary(run, model, standing));
  const looked = boundary === undefined ? {} : { boundary };
  const named = { ...common, measurement: measurement.id, ...looked };
  if (!run.plan.checks) return boundary === undefined ? common : named;
  // Progress was planned for all images; count what fewer images save as done.
  const meter = metered(run, checksOf(about, run.dataset.length)?.work ?? 0);
  if (checks === undefined || standing.length === 0) {
    meter.finish(`${model}, checks`);
    return named;
  }
  const further: FurtherAttack[] = [];
  const found = [
    planSearch(measurement, standing.length),
    planDecision(measurement, boundary, standing.length),
  ];
  for (const one of [...checks.further, ...found.filter((each) => each !== undefined)]) {
    further.push(await attackFurther(meter.run, model, measurement, one, standing));
  }
  const through = planStraightThrough(about.classifier, measurement, standing.length);
  if (through !== undefined) {
    const attacked = (bent: Run): Promise<FurtherAttack> =>
      attackFurther(bent, model, measurement, through, standing);
    further.push(await withGradientOf(meter.run, model, through.classifier, attacked));
  }
  const signs = checks.signs && (await lookForSigns(meter.run, model, checks.signs, standing));
  meter.finish(`${model}, checks`);
  return { ...named, further, ...(signs === undefined ? {} : { signs }) };
}

/** The run with its reported work capped at `limit`, and a way to report the rest. */
function metered(run: Run, limit: number): { readonly run: Run; readonly finish: (label: string) => void } {
  let left = limit;
  const onWork = (label: string, spent: number): void => {
    const counted = Math.min(spent, left);
    left -= counted;
    run.onWork(label, counted);
  };
  return { run: { ...run, onWork }, finish: (label) => onWork(label, left) };
}

/** Places of the images that count as right under the attack, ascending. */
function standingIn({ perImage }: AttackMeasurement, dataset: Dataset): number[] {
  const { index, label, adversarialPrediction } = perImage!;
  const places = new Map(
    Array.from(
      placesOf(
        dataset,
        Uint32Array.from({ length: dataset.length }, (_, i) => i),
      ),
      (at, place) => [at, place] as const,
    ),
  );
  return index
    .filter((_, i) => adversarialPrediction[i] === label[i])
    .map((at) => places.get(at)!)
    .sort((a, b) => a - b);
}
