import { NO_CLASS } from "../attacks/cards/index.js";
import type { PlannedAttack } from "../attacks/index.js";
import { boundedInterval } from "./intervals.js";
import type { Outcome } from "./attack-dataset.js";
import type { PerAttackedImage, PerCleanImage, Score } from "./result/index.js";

/** Collects the columns of one measurement, image by image, in any order. */
export interface Tally {
  /**
   * Adds one image.
   *
   * @param as.scored the other model's predictions, if it is scored on another model.
   * @param as.stage which attack of a suite broke it; −1 if none did.
   * @param as.unfinished whether not everything planned was tried; it counts as it is.
   *
   * If an image is added again, the last one counts.
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
  /** Images on which not everything planned was tried. */
  readonly unfinished: number;
  readonly totals: Totals;
  /** Set by the caller. */
  seconds: number;
  /** For a suite. */
  stages?: readonly StageTally[];
  /** How many of the stages are not part of the suite. */
  further?: number;
}

/** Counts of one attack of a suite. */
export interface StageTally {
  readonly planned: PlannedAttack;
  /** Images that had survived before it, and those of them that it broke. */
  readonly images: number;
  readonly broken: number;
  /** Those that a gradient attack broke before its first gradient. */
  readonly blind: number;
  readonly forward: number;
  readonly gradient: number;
  readonly seconds: number;
  /** Images that it did not finish. */
  readonly unfinished: number;
}

export interface Totals {
  readonly largestPerturbation: number;
  readonly nonFinite: number;
  readonly zeroGradient: number;
  /** Images with a zero gradient that still count as right after everything planned was tried. */
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
  // In a shard some places are empty.
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
        // On another model, also if its output is NaN.
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
 * Accuracy, interval and provenance of a column of predictions. If `unfinished` of the right ones may still be broken, the
 * accuracy is an upper limit, and the interval reaches down to where all of them were broken.
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
