import { NO_CLASS, type AttackedBatch } from "../attacks/index.js";
import { wilsonInterval } from "./intervals.js";
import type { PerAttackedImage, PerCleanImage, Score } from "./result.js";

/** Gathers the columns of one measurement, batch after batch. */
export interface Tally {
  readonly perImage: PerAttackedImage;
  readonly totals: {
    largestPerturbation: number;
    nonFinite: number;
    zeroGradient: number;
    zeroStanding: number;
    forward: number;
    gradient: number;
    seconds: number;
  };
  /** Adds one attacked batch as scored on `adversarialPrediction` of some model. */
  add(batch: TallyBatch): void;
}

export interface TallyBatch {
  readonly indices: Uint32Array;
  readonly outcome: AttackedBatch;
  /** Predictions of the scored model, when it is not the attacked one. */
  readonly scored?: { readonly clean: Int32Array; readonly adversarial: Int32Array };
  readonly seconds: number;
}

export function createTally(): Tally {
  const perImage = {
    index: [] as number[],
    label: [] as number[],
    cleanPrediction: [] as number[],
    adversarialPrediction: [] as number[],
    success: [] as (0 | 1)[],
    distance: [] as number[],
  };
  const totals = {
    largestPerturbation: 0,
    nonFinite: 0,
    zeroGradient: 0,
    zeroStanding: 0,
    forward: 0,
    gradient: 0,
    seconds: 0,
  };
  return {
    perImage,
    totals,
    add({ indices, outcome, scored, seconds }) {
      const adversarial = scored?.adversarial ?? outcome.adversarialPrediction;
      const clean = scored?.clean ?? outcome.cleanPrediction;
      outcome.labels.forEach((label, i) => {
        perImage.index.push(indices[i]!);
        perImage.label.push(label);
        perImage.cleanPrediction.push(clean[i]!);
        perImage.adversarialPrediction.push(adversarial[i]!);
        perImage.success.push(
          Number(scored === undefined ? outcome.success[i] : adversarial[i] !== label) as 0 | 1,
        );
        // Six significant digits are what float32 carries.
        perImage.distance.push(Number(outcome.distance[i]!.toPrecision(6)));
        totals.zeroGradient += outcome.zeroGradient[i]!;
        if (adversarial[i] === label) totals.zeroStanding += outcome.zeroGradient[i]!;
        totals.largestPerturbation = Math.max(totals.largestPerturbation, outcome.distance[i]!);
      });
      totals.nonFinite += outcome.nonFinite + (scored === undefined ? 0 : newlyWithoutClass(scored, outcome));
      totals.forward += outcome.forwardQueries;
      totals.gradient += outcome.gradientQueries;
      totals.seconds += seconds;
    },
  };
}

/** Images on which the scored model answers NaN and the attacked one, whose own are counted, does not. */
function newlyWithoutClass(scored: NonNullable<TallyBatch["scored"]>, outcome: AttackedBatch): number {
  const isMissing = (clean: Int32Array, adversarial: Int32Array, i: number): boolean =>
    clean[i] === NO_CLASS || adversarial[i] === NO_CLASS;
  const { cleanPrediction, adversarialPrediction } = outcome;
  return outcome.labels.filter(
    (_, i) =>
      isMissing(scored.clean, scored.adversarial, i) && !isMissing(cleanPrediction, adversarialPrediction, i),
  ).length;
}

/** Accuracy, interval and provenance of a column of predictions. */
export function scoreOf(
  id: string,
  model: string,
  predictions: readonly number[],
  { label }: Pick<PerCleanImage, "label">,
  seed: number,
  seconds: number,
): Score {
  const n = label.length;
  const correct = predictions.filter((prediction, i) => prediction === label[i]).length;
  return {
    id,
    model,
    n,
    correct,
    accuracy: correct / n,
    interval: wilsonInterval(correct, n),
    seed,
    seconds,
  };
}
