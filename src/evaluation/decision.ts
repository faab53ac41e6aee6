/** Decides when an accuracy under attack is certain to be below a threshold or not. */

/**
 * Counts images exactly. A model is _below_ once so many images are broken that the rest cannot lift it to the
 * threshold, and _at or above_ once so many have survived every attack at the headline that the rest cannot pull it
 * down. Intervals play no part: the outcome is what the whole run would have found on this sample.
 */
export interface Decision {
  readonly threshold: number;
  /** Records one image of `model` in one of its `columns` at the headline. */
  note(model: string, place: number, isRight: boolean): void;
  /** `below` as soon as one model is, `at or above` as soon as all are. */
  readonly outcome: "below" | "at or above" | undefined;
}

/** @param columns the number of measurements at the headline in which each model is scored, white-box and by transfer. */
export function openDecision(
  threshold: number,
  images: number,
  columns: ReadonlyMap<string, number>,
): Decision {
  const models = new Map(
    [...columns.keys()].map((model) => [
      model,
      { broken: new Set<number>(), done: new Map<number, number>(), standing: 0 },
    ]),
  );
  let outcome: Decision["outcome"];
  const isAbove = new Set<string>();
  return {
    threshold,
    get outcome() {
      return outcome;
    },
    note(model, place, isRight) {
      const seen = models.get(model)!;
      const { broken, done } = seen;
      const times = (done.get(place) ?? 0) + 1;
      done.set(place, times);
      if (!isRight) broken.add(place);
      else if (times === columns.get(model)! && !broken.has(place)) seen.standing++;
      if ((images - broken.size) / images < threshold) outcome = "below";
      if (seen.standing / images >= threshold) isAbove.add(model);
      if (isAbove.size === models.size) outcome ??= "at or above";
    },
  };
}
