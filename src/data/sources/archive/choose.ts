/** Which pictures of an archive are a split's. */
import { InputError, UsageError } from "../../../errors/index.js";
import type { OpenOptions } from "../../dataset/index.js";
import { dealSplit } from "../../deal.js";
import type { Layout } from "./layout.js";

/** Pictures of one split. */
export interface ChosenPictures {
  /** Their places, sorted. */
  readonly chosen: Uint32Array;
  /** How they were split, where a reader of a result should know. */
  readonly note: string | undefined;
  /** The split that was found for the one asked for. */
  readonly found: string;
}

/**
 * The labelled pictures of `split`. An owner's only held-out split is the test set; where there is none, a fifth
 * is dealt by the seed, or all are used.
 *
 * @throws UsageError for a split that is not there; InputError where some pictures have a split and others none.
 */
export function choosePictures(
  path: string,
  names: readonly string[],
  { classNames, labels, splits }: Layout,
  split: string,
  options: OpenOptions,
): ChosenPictures {
  const labelled = Uint32Array.from(names.keys()).filter((index) => labels[index]! >= 0);
  if (split === "all") return { chosen: labelled, note: undefined, found: split };
  const given = new Set(Array.from(labelled, (index) => splits[index]));
  const without = labelled.find((index) => splits[index] === undefined);
  if (given.size > 1 && without !== undefined) throw mixed(path, names[without]!);
  if (given.has("test") || given.has("val")) {
    // An only held-out split is the test set, whatever its owner calls it: no one may choose weights by it.
    const found =
      split === "train" || (split === "val" && given.has("val") && given.has("test")) ? split : "test";
    const owners = found === "test" && !given.has("test") ? "val" : found;
    const chosen = labelled.filter((index) => splits[index] === owners);
    if (chosen.length > 0) return { chosen, note: undefined, found };
    throw new UsageError({
      place: path,
      problem: `has no split "${split}"`,
      remedy: `It has ${[...given].join(", ")}.`,
    });
  }
  const undivided = {
    place: path,
    lack: "The archive has no labelled test set of its own",
    images: "pictures",
    stream: "data/archive-split",
  } as const;
  const images = { classNames, labels: Int32Array.from(labelled, (index) => labels[index]!) };
  // Its owner has said that these are for training: only a part of them is held out from it.
  const whole = options.whole === true && !given.has("train");
  const dealt = dealSplit(images, split, undivided, { ...options, whole });
  return {
    chosen: Uint32Array.from(dealt.chosen, (i) => labelled[i]!),
    note: dealt.note,
    found: dealt.split,
  };
}

/** To deal these would put pictures that the owner holds out among those that are trained on. */
function mixed(path: string, name: string): InputError {
  return new InputError({
    place: path,
    problem: `has pictures in folders of splits and others outside them, such as ${JSON.stringify(name)}`,
    remedy: "Put every picture under train, val or test, choose classes (--classes), or read them :all.",
  });
}
