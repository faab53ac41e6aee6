import { createTarget, pgdTrajectory } from "../attacks/index.js";
import type { Recipe } from "../defences/index.js";
import { createClassifier } from "../models/index.js";
import { createGenerator } from "../tensor/index.js";
import type { PlannedTraining, ReproductionPlan } from "./plan.js";
import type { Piece } from "./piece.js";
import type { Preset } from "./presets.js";
import type { Store } from "./store.js";

/** Seconds that one image's input gradient takes, by architecture. */
export type Speeds = ReadonlyMap<string, number>;

/** An update (forward, backward to the weights) costs so many input gradients an image. */
const UPDATE = 1.5;
/** A forward pass alone. */
const FORWARD = 0.4;
/** The second derivative of the input-gradient penalties. */
const DOUBLE_BACKWARD = 4;
/** Runs that are timed, after one that is not. */
const RUNS = 3;
/** Steps that lead nowhere cost as much. */
const STANDING = { stepSize: 1, randomStart: false };

/** Times a PGD step of each architecture on this machine: a few seconds. */
export async function measureSpeeds(plan: ReproductionPlan, threads: number): Promise<Speeds> {
  const speeds = new Map<string, number>();
  const { preset, datasets } = plan;
  const random = createGenerator(0);
  for (const model of [preset.model, preset.blackBox]) {
    const { image, classNames } = datasets[0]!;
    const classifier = createClassifier(model, { ...image, classNames, random });
    const target = createTarget(classifier, { batchSize: preset.batchSize, threads });
    const { batchSize } = preset;
    const batch = {
      images: new Float32Array(batchSize * target.imageSize).fill(0.5),
      labels: new Int32Array(batchSize),
      indices: Uint32Array.from({ length: batchSize }, (_, i) => i),
      size: batchSize,
    };
    const takeSteps = (steps: number): Promise<unknown> =>
      pgdTrajectory(
        target,
        batch,
        { norm: "linf", epsilon: 0 },
        { ...STANDING, captures: [steps] },
        { random },
      );
    try {
      await takeSteps(1);
      const started = performance.now();
      await takeSteps(RUNS);
      speeds.set(model, (performance.now() - started) / 1000 / RUNS / batchSize);
    } finally {
      await target.dispose();
    }
  }
  return speeds;
}

/** Input gradients (of the piece's own model) that a piece costs, and which model that is. */
export function costOf(
  plan: ReproductionPlan,
  piece: Piece,
): { readonly model: string; readonly gradients: number } {
  const { preset } = plan;
  const training = plan.trainings.find((each) => each.piece.key === piece.key);
  if (training !== undefined) return { model: training.model, gradients: trainingCost(preset, training) };
  const craft = plan.crafts.find((each) => each.piece.key === piece.key);
  if (craft !== undefined) {
    return { model: craft.source.model, gradients: scored(preset, craft.dataset) * craft.iterations.at(-1)! };
  }
  const row = plan.rows.find(({ transfer, whiteBox, measure }) =>
    [transfer, whiteBox, measure].some(({ key }) => key === piece.key),
  )!;
  const images = scored(preset, row.training.dataset);
  const captures = row.crafts.reduce((sum, { iterations }) => sum + iterations.length, 0);
  const draws = randomised(row.recipe) ? 10 : 1;
  const each =
    piece.kind === "transfer"
      ? FORWARD * captures * draws
      : piece.kind === "white-box"
        ? preset.whiteBox.reduce(
            (sum, { steps, draws = 1 }) => sum + (draws === 1 || randomised(row.recipe) ? steps * draws : 0),
            0,
          )
        : preset.measured.whiteBox.steps + FORWARD * row.crafts.length;
  return { model: preset.model, gradients: images * each };
}

function randomised({ model = {} }: Recipe): boolean {
  return [model.inputNoise, model.activationNoise, model.randomResize].some((part) => part !== undefined);
}

function scored(preset: Preset, { counts }: { counts: { test: number } }): number {
  return Math.min(preset.limit ?? Infinity, counts.test);
}

function trainingCost(preset: Preset, { dataset, recipe }: PlannedTraining): number {
  const settings = { ...preset.training, ...preset.schedules[recipe.name] };
  const { epochs, validation } = settings;
  const { weights, adversary } = recipe;
  const penalised = weights.inputGradient !== undefined || weights.inputGradientBatchMean !== undefined;
  const paired = adversary !== undefined && Object.keys(weights).some((term) => term !== "adversarial");
  const update = UPDATE * (penalised ? DOUBLE_BACKWARD : paired ? 2 : 1);
  const steps = recipe.replays === undefined ? (adversary?.steps ?? 0) : 0;
  const trained = dataset.counts.train - (dataset.validationSplit === null ? validation.images : 0);
  const validated = adversary === undefined ? FORWARD : validation.steps;
  return epochs * (trained * (steps + update) + (validation.images * validated) / validation.every);
}

/** Seconds of each piece: the measured speed, corrected by what finished pieces of its kind really took. */
export async function estimateSeconds(
  plan: ReproductionPlan,
  store: Store,
  speeds: Speeds,
): Promise<ReadonlyMap<string, number>> {
  const raw = new Map<string, number>();
  const spent = new Map<string, { real: number; raw: number }>();
  for (const piece of plan.pieces) {
    const { model, gradients } = costOf(plan, piece);
    const seconds = gradients * speeds.get(model)!;
    raw.set(piece.key, seconds);
    if (!store.isDone(piece)) continue;
    const sums = spent.get(piece.kind) ?? { real: 0, raw: 0 };
    sums.real += await store.seconds(piece);
    sums.raw += seconds;
    spent.set(piece.kind, sums);
  }
  const factor = ({ kind }: Piece): number => {
    const sums = spent.get(kind);
    return sums === undefined || sums.raw === 0 ? 1 : sums.real / sums.raw;
  };
  return new Map(plan.pieces.map((piece) => [piece.key, raw.get(piece.key)! * factor(piece)]));
}
