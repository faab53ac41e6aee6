/** Whether models have an accuracy under attack. */
import { worstCase, type Measured, type WorstCase } from "./curves.js";

/** Whether every model has the accuracy asked for. */
export interface ThresholdVerdict {
  /** `undecided` where images are left on which not all was tried, and they would decide it. */
  readonly outcome: "below" | "at or above" | "undecided";
  /** The model that decides it: the one with the least. */
  readonly model: string;
  /** Undefined where it was not attacked at the headline. */
  readonly worst: WorstCase | undefined;
}

/**
 * Compares the worst case of every model at the headline with a threshold, image by image: below where one of them is even if
 * all unfinished images stand, at or above where none is even if all of them break.
 */
export function judgeThreshold(result: Measured, threshold: number): ThresholdVerdict {
  const { headline = null, models = [], limits } = result;
  const all = models.map(({ name }) => ({
    model: name,
    worst: headline === null ? undefined : worstCase(result, name, headline),
  }));
  const most = ({ worst }: (typeof all)[number]): number => worst?.accuracy ?? 0;
  const least = ({ worst }: (typeof all)[number]): number =>
    worst === undefined ? 0 : (worst.correct - (worst.unfinished ?? 0)) / worst.n;
  // Once one was certain to be below, others may not have been attacked.
  const attacked = all.filter(({ worst }) => worst !== undefined);
  const asked = limits?.threshold !== undefined && attacked.length > 0 ? attacked : all;
  const below = lowest(asked, most);
  if (most(below) < threshold) return { outcome: "below", ...below };
  const weakest = lowest(all, least);
  return { outcome: least(weakest) < threshold ? "undecided" : "at or above", ...weakest };
}

function lowest<T>(items: readonly T[], by: (item: T) => number): T {
  return items.reduce((least, item) => (by(item) < by(least) ? item : least));
}
