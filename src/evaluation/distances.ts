/** The curve of accuracy over every ε, from the distance to the nearest adversarial image of each image. */
import { normLabel } from "../attacks/cards/index.js";
import { attacksOf, foundByChecks, type Measured } from "./curves.js";
import { nearestWithin } from "./nearest-within.js";
import type { AttackMeasurement, NearestMeasurement, ThreatInfo } from "./result/index.js";
import { attackLabel, list, number } from "./words.js";

/** Distances to the nearest known adversarial images of one model, in one norm. */
export interface Distances {
  readonly model: string;
  readonly norm: ThreatInfo["norm"];
  /** For every scored image: 0 if the model is wrong when clean, infinite if no attack found one. */
  readonly distances: readonly number[];
  /** Images that the model is right on when clean. */
  readonly right: number;
  /** Over those: the ε at which half of them are broken; infinite if half of them were never broken. */
  readonly median: number;
  /** The search for the nearest images. */
  readonly search: NearestMeasurement;
}

/**
 * For every finished search for the nearest images: the smallest distance of each image over this search
 * and all attacks on the same model in the same norm and on the same images, white-box and by transfer, and their checks.
 * An image broken at ε has a distance of at most ε.
 */
export function distancesOf(measured: Measured): Distances[] {
  return measured.measurements.flatMap((search) => {
    if (search.kind !== "nearest" || search.perImage === undefined || search.unfinished !== undefined)
      return [];
    const { model, perImage } = search;
    const { norm } = search.threat;
    const distances = perImage.distance.map((far, i) => (perImage.success[i] === 1 ? far : Infinity));
    for (const attack of attacksBeside(measured, search)) {
      const { epsilon } = attack.threat;
      const { adversarialPrediction, label, distance, index } = attack.perImage!;
      const found = foundByChecks(measured, [attack]);
      adversarialPrediction.forEach((answer, i) => {
        if (answer !== label[i]) distances[i] = Math.min(distances[i]!, distance[i]!, epsilon);
        else if (found.has(index[i]!)) distances[i] = Math.min(distances[i]!, epsilon);
      });
    }
    const isRight = (i: number): boolean => perImage.cleanPrediction[i] === perImage.label[i];
    const right = distances.filter((_, i) => isRight(i));
    const counted = distances.map((far, i) => (isRight(i) ? far : 0));
    return [{ model, norm, distances: counted, right: right.length, median: medianOf(right), search }];
  });
}

/** Share of images with no known adversarial image within ε. */
export function accuracyWithin({ distances }: Pick<Distances, "distances">, epsilon: number): number {
  return distances.filter((far) => far > epsilon).length / distances.length;
}

/** What a reader should know about the distances, and where they show more than the attacks at one ε. */
export function distanceStatements(measured: Measured): string[] {
  const found = distancesOf(measured);
  const cut = cutOff(measured);
  if (found.length === 0) return cut;
  return [
    ...cut,
    ...found.flatMap((each) => [describeMedian(each), ...nearerThanAttacks(measured, each)]),
    "Distances are upper bounds, and so is the curve: a stronger attack may find nearer images. For each image, the nearest " +
      "adversarial image found by any attack here counts, whatever the ε of that attack.",
  ];
}

/** Searches that were cut off: a curve over only the finished images would not be one over all. */
function cutOff({ measurements }: Measured): string[] {
  return measurements.flatMap((search) => {
    if (search.kind !== "nearest" || search.unfinished === undefined) return [];
    return [
      `${attackLabel(search)} on ${search.model} was cut off with ${search.unfinished} of ${search.n} images left, so there is no accuracy at ` +
        "every ε and no median distance. What it found counts in the results of all attacks together.",
    ];
  });
}

/** `Half of the 95 images that a is right on have an adversarial image within L∞ 0.15 (FMN-1000, median).` */
function describeMedian({ model, norm, right, median, search }: Distances): string {
  const label = attackLabel(search);
  if (right === 0) return `${model} is right on no image, so there is no distance to report.`;
  return median === Infinity
    ? `For half of the ${right} images that ${model} is right on, no adversarial image was found at any distance in ` +
        `${normLabel(norm)} (${label}).`
    : `Half of the ${right} images that ${model} is right on have an adversarial image within ${normLabel(norm)} ` +
        `${number(median)} (${label}, median).`;
}

/** Images that the search broke within an ε at which the attacks failed. */
function nearerThanAttacks(measured: Measured, { model, norm, search }: Distances): string[] {
  const attacks = attacksBeside(measured, search);
  const radii = [...new Set(attacks.map(({ threat }) => threat.epsilon))].sort((a, b) => a - b);
  return radii.flatMap((epsilon) => {
    const at = attacks.filter(({ threat }) => threat.epsilon === epsilon);
    const [own] = nearestWithin([search], model, { norm, epsilon });
    const { label, adversarialPrediction } = own!.perImage!;
    const more = label.filter(
      (each, i) =>
        adversarialPrediction[i] !== each &&
        at.every(({ perImage }) => perImage!.adversarialPrediction[i] === each),
    ).length;
    if (more === 0) return [];
    return [
      `${attackLabel(search)} found adversarial images of ${model} within ${normLabel(norm)} ε = ${number(epsilon)} for ${more} ` +
        `of ${label.length} images that had survived ${list([...new Set(at.map(attackLabel))])}. They count as broken in the results of all ` +
        "attacks together.",
    ];
  });
}

/** The attacks of the same model in the same norm, on the same images. */
function attacksBeside({ measurements }: Measured, search: NearestMeasurement): AttackMeasurement[] {
  const places = search.perImage?.index.join();
  return attacksOf(measurements).filter(
    (m) =>
      m.model === search.model &&
      m.threat.norm === search.threat.norm &&
      !m.parameters.targeted &&
      m.perImage !== undefined &&
      m.perImage.index.join() === places,
  );
}

/** NaN for an empty list. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
