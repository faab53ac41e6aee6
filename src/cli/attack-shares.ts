import { InputError } from "../errors/index.js";
import type { Interval, PerAttackedImage } from "../evaluation/index.js";

interface Share {
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Shares of the images that count. With a target, images that already are the target, by their label or by the model's clean
 * prediction, are left out, because no attack is needed for them.
 *
 * @throws InputError if none counts.
 */
export function sharesOf(
  { label, cleanPrediction, adversarialPrediction }: PerAttackedImage,
  aim: number | undefined,
  wilsonInterval: (successes: number, n: number) => Interval,
): { images: number; leftOut: number; clean: Share; robust: Share; success: Share } {
  const places = [...label.keys()].filter(
    (i) => aim === undefined || (label[i] !== aim && cleanPrediction[i] !== aim),
  );
  if (places.length === 0) {
    throw new InputError({
      place: "--target",
      problem: "every image already is that class, by its label or by the model's prediction",
      remedy: "Choose another target, or give images of other classes.",
    });
  }
  const share = (is: (i: number) => boolean): Share => {
    const count = places.filter(is).length;
    const { low, high } = wilsonInterval(count, places.length);
    return { accuracy: count / places.length, low, high };
  };
  const isRight = (i: number): boolean => cleanPrediction[i] === label[i];
  const reached = (i: number): boolean =>
    aim === undefined ? adversarialPrediction[i] !== label[i] : adversarialPrediction[i] === aim;
  return {
    images: places.length,
    leftOut: label.length - places.length,
    clean: share(isRight),
    robust: share((i) => isRight(i) && adversarialPrediction[i] === label[i]),
    success: share(reached),
  };
}
