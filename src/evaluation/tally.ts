import { NO_CLASS, type PlannedAttack } from "../attacks/index.js";
import { boundedInterval } from "./intervals.js";
import type { Outcome } from "./attack-dataset.js";
import type { PerAttackedImage, PerCleanImage, Score } from "./result/index.js";

/** Gathers the columns of one measurement, image by image, in any order. */
export interface Tally {
  /**
   * Adds one image.
   *
   * @param as.scored what another model says, where it is scored on that.
   * @param as.stage which attack of a suite broke it; −1 where none did.
   * @param as.unfinished whether not all was tried that was to be: it counts as it stands.
   *
   * Of an image that is added again the last stands.
   */
  add(
    outcome: Outcome,
    as?: {
      readonly scored?: { readonly clean: number; readonly adversarial: number };
      readonly stage?: number;
      readonly unfinished?: boolean;
    },
  ): void;
  /** In the dataset's order. */
  readonly perImage: PerAttackedImage;
  /** Images on which not all was tried that was to be. */
  readonly unfinished: number;
  readonly totals: Totals;
  /** What the caller says it took. */
  seconds: number;
  /** Of a suite. */
  stages?: readonly StageTally[];
  /** How many of the stages are none of the suite's own. */
  further?: number;
}

/** What one attack of a suite came to. */
export interface StageTally {
  readonly planned: PlannedAttack;
  /** Images that stood before it, and those of them that it broke. */
  readonly images: number;
  readonly broken: number;
  /** Of those, by an attack that may ask for gradients and had not yet done so. */
  readonly blind: number;
  readonly forward: number;
  readonly gradient: number;
  readonly seconds: number;
  /** Those of the images that it was not done with. */
  readonly unfinished: number;
}

export interface Totals {
  readonly largestPerturbation: number;
  readonly nonFinite: number;
  readonly zeroGradient: number;
  /** Images with a zero gradient that count as right all the same, after all that was to be tried on them. */
  readonly zeroStanding: number;
  readonly forward: number;
  readonly gradient: number;
}

interface Row extends Omit<Outcome, "value"> {
  readonly clean: number;
  readonly adversarial: number;
  readonly success: 0 | 1;
  readonly distance: number;
  readonly nonFinite: boolean;
  readonly stage: number;
  readonly unfinished: boolean;
}

export function createTally(): Tally {
  const byPlace: Row[] = [];
  // Of a shard some places are empty.
  const present = (): Row[] => byPlace.filter(() => true);
  const column = <K extends keyof Row>(name: K): Row[K][] => present().map((row) => row[name]);
  const tally: Tally = {
    seconds: 0,
    add({ value, ...outcome }, { scored, stage = -1, unfinished = false } = {}) {
      const adversarial = scored?.adversarial ?? value.adversarialPrediction;
      byPlace[outcome.place] = {
        ...outcome,
        clean: scored?.clean ?? value.cleanPrediction,
        adversarial,
        success: (scored === undefined ? value.success : adversarial !== outcome.label) ? 1 : 0,
        distance: Math.fround(value.distance),
        // On another model: or where that one answers NaN.
        nonFinite: value.nonFinite || scored?.clean === NO_CLASS || scored?.adversarial === NO_CLASS,
        stage,
        unfinished,
      };
    },
    get unfinished() {
      return present().filter((row) => row.unfinished).length;
    },
    get perImage() {
      return {
        index: column("index"),
        label: column("label"),
        cleanPrediction: column("clean"),
        adversarialPrediction: column("adversarial"),
        success: column("success"),
        // Six significant digits are what float32 carries.
        distance: column("distance").map((distance) => Number(distance.toPrecision(6))),
        ...(tally.stages === undefined ? {} : { stage: column("stage") }),
        ...(tally.unfinished === 0 ? {} : { unfinished: column("unfinished").map((is) => (is ? 1 : 0)) }),
      };
    },
    get totals() {
      const sum = (of: (row: Row) => number | boolean): number =>
        present().reduce((total, row) => total + Number(of(row)), 0);
      return {
        largestPerturbation: column("distance").reduce((most, distance) => Math.max(most, distance), 0),
        nonFinite: sum(({ nonFinite }) => nonFinite),
        zeroGradient: sum(({ zeroGradient }) => zeroGradient),
        zeroStanding: sum(
          ({ zeroGradient, unfinished, adversarial, label }) =>
            zeroGradient && !unfinished && adversarial === label,
        ),
        forward: sum(({ forwardQueries }) => forwardQueries),
        gradient: sum(({ gradientQueries }) => gradientQueries),
      };
    },
  };
  return tally;
}

/**
 * Accuracy, interval and provenance of a column of predictions. Where `unfinished` of the right ones may still be broken, the
 * accuracy is the most that it can be, and the interval reaches down to where it were if all of them were.
 */
export function scoreOf(
  id: string,
  model: string,
  predictions: readonly number[],
  { label }: Pick<PerCleanImage, "label">,
  seed: number,
  seconds: number,
  unfinished = 0,
): Score {
  const n = label.length;
  const correct = predictions.filter((prediction, i) => prediction === label[i]).length;
  return {
    id,
    model,
    n,
    correct,
    accuracy: correct / n,
    interval: boundedInterval(correct, n, unfinished),
    seed,
    seconds,
  };
}
