import { wilsonInterval } from "./intervals.js";
import type { Outcome } from "./attack-dataset.js";
import type { PerAttackedImage, PerCleanImage, Score } from "./result.js";

/** Gathers the columns of one measurement, image by image, in any order. */
export interface Tally {
  /** Adds one image, scored as the attack did or on another model's predictions. */
  add(outcome: TallyRow, scored?: { readonly clean: number; readonly adversarial: number }): void;
  /** In the dataset's order. */
  readonly perImage: PerAttackedImage;
  readonly totals: Totals;
  /** Of all that was added, and what the caller says it took. */
  seconds: number;
}

/** What is kept of an outcome: all but its images. */
export type TallyRow = Omit<Outcome, "value"> & { readonly value: Omit<Outcome["value"], "adversarial"> };

export interface Totals {
  readonly largestPerturbation: number;
  readonly nonFinite: number;
  readonly zeroGradient: number;
  /** Images with a zero gradient that count as right all the same. */
  readonly zeroStanding: number;
  readonly forward: number;
  readonly gradient: number;
}

interface Row {
  readonly outcome: TallyRow;
  readonly clean: number;
  readonly adversarial: number;
  readonly success: 0 | 1;
}

export function createTally(): Tally {
  const rows: Row[] = [];
  return {
    seconds: 0,
    add(outcome, scored) {
      const { label, value, place } = outcome;
      const { cleanPrediction, adversarialPrediction, success } = value;
      const adversarial = scored?.adversarial ?? adversarialPrediction;
      rows[place] = {
        outcome: { ...outcome, value: { ...value, adversarial: undefined } as TallyRow["value"] },
        clean: scored?.clean ?? cleanPrediction,
        adversarial,
        success: (scored === undefined ? success : adversarial !== label) ? 1 : 0,
      };
    },
    get perImage() {
      return {
        index: rows.map(({ outcome }) => outcome.index),
        label: rows.map(({ outcome }) => outcome.label),
        cleanPrediction: rows.map(({ clean }) => clean),
        adversarialPrediction: rows.map(({ adversarial }) => adversarial),
        success: rows.map(({ success }) => success),
        // Six significant digits are what float32 carries.
        distance: rows.map(({ outcome }) => Number(Math.fround(outcome.value.distance).toPrecision(6))),
      };
    },
    get totals() {
      const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
      return {
        largestPerturbation: rows.reduce(
          (most, { outcome }) => Math.max(most, Math.fround(outcome.value.distance)),
          0,
        ),
        nonFinite: sum(({ outcome }) => Number(outcome.value.nonFinite)),
        zeroGradient: sum(({ outcome }) => Number(outcome.zeroGradient)),
        zeroStanding: sum(({ outcome, adversarial }) =>
          Number(outcome.zeroGradient && adversarial === outcome.label),
        ),
        forward: sum(({ outcome }) => outcome.forwardQueries),
        gradient: sum(({ outcome }) => outcome.gradientQueries),
      };
    },
  };
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
