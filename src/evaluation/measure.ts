import { NO_CLASS, predictions, type PlannedAttack, type Target } from "../attacks/index.js";
import { placesOf, type Dataset } from "../data/index.js";
import type { AnyClassifier } from "../models/index.js";
import type { RandomGenerator } from "../tensor/index.js";
import { attackDataset, type Outcome } from "./attack-dataset.js";
import { datasetBatches, readBatch } from "./batches.js";
import type { Kept, KeptOutcome } from "./kept.js";
import { cleanMeasurement, ownMeasurement, transferMeasurement } from "./measurement.js";
import { FORWARD, workOf, type EvaluationPlan, type PlannedMeasurement } from "./plan.js";
import type { CleanMeasurement, Measurement } from "./result.js";
import { createTally, type StageTally } from "./tally.js";
import { openTransfer } from "./transfer.js";

/** An evaluation on its way. */
export interface Run {
  readonly plan: EvaluationPlan;
  /** What of the plan is done to each model, by its name. */
  readonly planned: ReadonlyMap<string, readonly PlannedMeasurement[]>;
  readonly dataset: Dataset;
  readonly models: ReadonlyMap<string, AnyClassifier>;
  readonly targets: ReadonlyMap<string, Target>;
  readonly random: RandomGenerator;
  readonly signal?: AbortSignal | undefined;
  /** What each model says of the clean images, in their order. */
  readonly clean: Map<string, readonly number[]>;
  /** Places of the images that are kept for showing. */
  readonly shown: readonly number[];
  /** Those images as the headline's first attack left them, by model and place. */
  readonly adversarial: Map<string, Map<number, Float32Array>>;
  /** Is told what was spent since the last time, in gradients. */
  readonly onWork: (label: string, spent: number) => void;
  /** Where outcomes are kept as they come. */
  readonly kept?: Kept | undefined;
}

/** Accuracy on the images as they are. */
export async function measureClean(run: Run, model: string): Promise<CleanMeasurement> {
  const { dataset } = run;
  const target = run.targets.get(model)!;
  const started = performance.now();
  const found: number[] = [];
  for await (const { images, indices, size } of datasetBatches(dataset, target.batchSize)) {
    run.signal?.throwIfAborted();
    found.push(...predictions(await target.logits(images, { indices }), size, target.classCount));
  }
  run.clean.set(model, found);
  const perImage = {
    index: Array.from(placesOf(dataset, Uint32Array.from(found.keys()))),
    label: Array.from(dataset.labels),
    cleanPrediction: found,
  };
  return cleanMeasurement(model, perImage, run.plan.seed, (performance.now() - started) / 1000);
}

/** One attack or suite on one model over the dataset, scored on it and, for transfer, on the others. */
export async function measure(run: Run, model: string, given: PlannedMeasurement): Promise<Measurement[]> {
  const { plan, dataset, targets } = run;
  const stages = stagesFor(given, targets.get(model)!);
  const tally = createTally();
  const transfers =
    given.transfer && plan.transferFrom.includes(model)
      ? [...targets.keys()].filter((other) => other !== model).map((other) => openTransfer(run, other))
      : [];
  const isShown =
    given === run.planned.get(model)!.find(({ threat }) => threat.epsilon === plan.headline)
      ? (place: number) => run.shown.includes(place)
      : () => false;
  const settle = async (outcome: Outcome, stage: number): Promise<void> => {
    tally.add(outcome, { stage });
    if (isShown(outcome.place)) keep(run, model, outcome);
    for (const transfer of transfers) await transfer.add(outcome);
  };
  // Where images go on to other models they would have to be kept: then the measurement is made in one go.
  const kept = transfers.length === 0 ? run.kept : undefined;
  let standing = await imagesToAttack(run, model, given, settle);
  const reports: StageTally[] = [];
  const before = new Map<number, Outcome>();
  for (const [i, stage] of stages.entries()) {
    const report = {
      planned: stage,
      images: standing?.length ?? dataset.length,
      broken: 0,
      forward: 0,
      gradient: 0,
      seconds: 0,
    };
    const left: number[] = [];
    const name = `${model}/${run.planned.get(model)!.indexOf(given)}/${i}`;
    const keeping = kept && { kept, name, isShown };
    for await (const { outcome, seconds } of attackStage(run, model, given.label, stage, standing, keeping)) {
      report.seconds += seconds;
      report.forward += outcome.forwardQueries;
      report.gradient += outcome.gradientQueries;
      const { place } = outcome;
      const together = added(before.get(place), outcome);
      const isBroken = outcome.value.success;
      if (isBroken) report.broken++;
      else left.push(place);
      if (isBroken || i === stages.length - 1) await settle(together, isBroken ? i : -1);
      else before.set(place, withoutImage(together));
    }
    reports.push(report);
    standing = left.sort((a, b) => a - b);
    // With nobody left the stages to come are done.
    if (given.isSuite && standing.length === 0) {
      const spared = stages.slice(i + 1);
      reports.push(...spared.map((planned) => ({ ...NOTHING, planned })));
      run.onWork(given.label, workOf(spared, dataset.length));
      break;
    }
  }
  for (const transfer of transfers) await transfer.finish();
  tally.seconds = reports.reduce((sum, { seconds }) => sum + seconds, 0);
  if (given.isSuite) tally.stages = reports;
  const common = { planned: { ...given, stages }, seed: plan.seed };
  return [
    ownMeasurement(model, run.models.get(model)!, { ...common, tally }),
    ...transfers.map(({ other, tally: scored }) =>
      transferMeasurement(other, model, { ...common, tally: scored }),
    ),
  ];
}

const NOTHING = { images: 0, broken: 0, forward: 0, gradient: 0, seconds: 0 } as const;

/** A suite leaves out the images that are wrong when clean: they are settled as they are. */
async function imagesToAttack(
  { clean, dataset }: Run,
  model: string,
  { isSuite }: PlannedMeasurement,
  settle: (outcome: Outcome, stage: number) => Promise<void>,
): Promise<number[] | undefined> {
  if (!isSuite) return undefined;
  const right: number[] = [];
  for (const [place, cleanPrediction] of clean.get(model)!.entries()) {
    const label = dataset.labels[place]!;
    if (cleanPrediction === label) {
      right.push(place);
      continue;
    }
    const { images, indices } = await readBatch(
      dataset,
      Uint32Array.of(place),
      dataset.channels * dataset.height * dataset.width,
    );
    const value = {
      adversarial: images,
      cleanPrediction,
      adversarialPrediction: cleanPrediction,
      success: true,
      distance: 0,
      cleanLoss: NaN,
      adversarialLoss: NaN,
      nonFinite: cleanPrediction === NO_CLASS,
    };
    const spent = { forwardQueries: 0, gradientQueries: 0, zeroGradient: false };
    await settle({ place, index: indices[0]!, label, value, ...spent }, -1);
  }
  return right;
}

interface Keeping {
  readonly kept: Kept;
  /** Of the attack. */
  readonly name: string;
  readonly isShown: (place: number) => boolean;
}

/** One attack on the images at `places`, with its progress: first what was kept of it, then what is left. */
async function* attackStage(
  run: Run,
  model: string,
  label: string,
  planned: PlannedAttack,
  places: readonly number[] | undefined,
  keeping: Keeping | undefined,
): AsyncGenerator<KeptOutcome> {
  const { dataset } = run;
  const name = `${model}, ε ${Number(planned.threat.epsilon.toFixed(4))}, ${labelOf(planned, label)}`;
  let left = workOf([planned], run.dataset.length);
  const spend = (work: number): void => {
    const spent = Math.min(work, left);
    left -= spent;
    run.onWork(name, spent);
  };
  const all = places ?? Array.from(dataset.labels.keys());
  const known = keeping?.kept.outcomes(keeping.name, all, dataset) ?? new Map<number, KeptOutcome>();
  for (const each of known.values()) {
    spend(each.outcome.gradientQueries + each.outcome.forwardQueries * FORWARD);
    yield each;
  }
  let last = performance.now();
  const outcomes = attackDataset(run.targets.get(model)!, dataset, planned, {
    random: run.random,
    signal: run.signal,
    places: all.filter((place) => !known.has(place)),
    onRun: (kind, images) => spend(kind === "gradient" ? images : images * FORWARD),
  });
  for await (const outcome of outcomes) {
    const seconds = (performance.now() - last) / 1000;
    await keeping?.kept.put(keeping.name, outcome, seconds, keeping.isShown(outcome.place));
    yield { outcome, seconds };
    // What is done with it is not the attack's time.
    last = performance.now();
  }
  spend(left);
}

function labelOf({ attack, options }: PlannedAttack, whole: string): string {
  const steps = options["steps"] === undefined ? "" : `, ${options["steps"] as number} steps`;
  return whole === attack.label ? `${whole}${steps}` : `${whole}: ${attack.label}${steps}`;
}

/** Gradients are averaged over draws only where the model draws: on others the attack takes one. */
export function stagesFor({ stages }: PlannedMeasurement, { randomised }: Target): readonly PlannedAttack[] {
  return stages.map((planned) =>
    randomised || planned.options["draws"] === undefined
      ? planned
      : { ...planned, options: { ...planned.options, draws: 1 } },
  );
}

/** What an image came to after one more attack: its queries add up, and its gradient said nothing if it never did. */
function added(before: Outcome | undefined, outcome: Outcome): Outcome {
  if (before === undefined) return outcome;
  return {
    ...outcome,
    value: { ...outcome.value, nonFinite: before.value.nonFinite || outcome.value.nonFinite },
    forwardQueries: before.forwardQueries + outcome.forwardQueries,
    gradientQueries: before.gradientQueries + outcome.gradientQueries,
    zeroGradient:
      outcome.gradientQueries === 0
        ? before.zeroGradient
        : outcome.zeroGradient && (before.gradientQueries === 0 || before.zeroGradient),
  };
}

function withoutImage(outcome: Outcome): Outcome {
  return { ...outcome, value: { ...outcome.value, adversarial: new Float32Array() } };
}

function keep({ adversarial }: Run, model: string, { place, value }: Outcome): void {
  const images = adversarial.get(model) ?? new Map<number, Float32Array>();
  adversarial.set(model, images.set(place, value.adversarial));
}
