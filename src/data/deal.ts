/** The splits of a source whose owner made none. */
import { createGenerator } from "../tensor/index.js";
import { stratify, type Dataset, type OpenOptions } from "./dataset/index.js";

/** Images of one split. */
export interface Dealt {
  /** Their places, sorted. */
  readonly chosen: readonly number[];
  /** How they came to be, for a reader of a result. */
  readonly note: string;
  readonly split: "train" | "test" | "all";
}

/** A source without splits: what notes call it and its images, and the stream of random numbers that deals them. */
export interface Undivided {
  readonly place: string;
  /** "The folder has no splits of its own". */
  readonly lack: string;
  readonly images: "images" | "pictures";
  readonly stream: string;
}

/** Of images without a split of their own. */
const TEST_SHARE = 0.2;

/**
 * Of images without splits: with `whole` all of them, else the split's part of the 80 to 20 that the seed deals,
 * stratified by class.
 */
export function dealSplit(
  images: Pick<Dataset, "labels" | "classNames">,
  split: string,
  { place, lack, images: kind, stream }: Undivided,
  { seed = 0, whole, skipUnreadable, onUndivided }: OpenOptions,
): Dealt {
  const { length } = images.labels;
  // Which those are is known only when they are read.
  const but = skipUnreadable === true ? ", but for those that cannot be decoded" : "";
  const test = Math.max(1, Math.round(TEST_SHARE * length));
  const dealt = (): number[][] =>
    stratify(images, [length - test, test], createGenerator(seed).stream(stream));
  const result: Dealt =
    whole === true
      ? {
          chosen: [...images.labels.keys()],
          note: `${lack}: all of its ${length} ${kind} are used${but}.`,
          split: "all",
        }
      : {
          chosen: dealt()[split === "train" ? 0 : 1]!,
          note: `${lack}: ${test} of its ${length} ${kind}, stratified by class, are the test set (seed ${seed})${but}.`,
          split: split === "train" ? "train" : "test",
        };
  onUndivided?.(place, result.note);
  return result;
}
