/** Parts of an evaluation that run on different machines. */
import type { Dataset } from "../data/index.js";
import { UsageError } from "../errors/index.js";

/** Part `index` of `count`, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * Places of the images that a shard attacks: every `count`-th, so that a sample in class order gives every
 * shard some of each class. All of them without a shard.
 *
 * @throws UsageError if the shard does not exist or has no images.
 */
export function placesOfShard({ length }: Pick<Dataset, "length">, shard: Shard | undefined): number[] {
  const all = Array.from({ length }, (_, place) => place);
  if (shard === undefined) return all;
  const { index, count } = shard;
  if (!(Number.isInteger(index) && Number.isInteger(count) && index >= 1 && index <= count)) {
    throw new UsageError({
      place: `shard ${index}/${count}`,
      problem: "does not exist",
      remedy: "Shards count from 1, as in 2/4: the second of four.",
    });
  }
  if (count > length) {
    throw new UsageError({
      place: `shard ${index}/${count}`,
      problem: `there ${length === 1 ? "is only 1 image" : `are only ${length} images`}`,
      remedy: `Use at most ${length} shards.`,
    });
  }
  return all.filter((place) => place % count === index - 1);
}
