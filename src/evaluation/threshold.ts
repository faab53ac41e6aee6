/** Judges whether models reach an accuracy under attack. */
import { worstCase, type Measured, type WorstCase } from "./curves.js";

/** Whether every model reaches the required accuracy. */
export interface ThresholdVerdict {
  /** `undecided` if unfinished images could still change the outcome. */
  readonly outcome: "below" | "at or above" | "undecided";
  /** The deciding model: the one with the lowest accuracy. */
  readonly model: string;
  /** Undefined if it was not attacked at the headline. */
  readonly worst: WorstCase | undefined;
}

/**
 * Compares the worst case of every model at the headline with a threshold, image by image: below if one of them is below
 * even if all unfinished images survive, at or above if none is below even if all of them break.
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
  // Once one model was certain to be below, others may not have been attacked.
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
